#include "replace_file.hpp"

#include <fstream>
#include <iterator>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;
namespace fs = std::filesystem;

namespace {

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& content) { std::ofstream(file, std::ios::binary) << content; }
std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("a replaced file has the new content and its old mode, and nothing else is left") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "shop.json";
  write(file, "old");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::others_read);
  REQUIRE(app::replace_file(file, "new and longer").has_value());
  CHECK(content_of(file) == "new and longer");
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write | fs::perms::others_read));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a symbolic link stays, and the file that it leads to is replaced") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "real");
  write(folder.path() / "real" / "shop.json", "old");
  fs::create_symlink("real/shop.json", folder.path() / "link.json");
  REQUIRE(app::replace_file(folder.path() / "link.json", "new").has_value());
  CHECK(fs::is_symlink(folder.path() / "link.json"));
  CHECK(content_of(folder.path() / "real" / "shop.json") == "new");
}

TEST_CASE("a file that is not there is not made") {
  const test::TemporaryFolder folder;
  const auto replaced = app::replace_file(folder.path() / "none.json", "new");
  REQUIRE(!replaced);
  CHECK(replaced.error().code == "file.unwritable");
  CHECK(files_in(folder.path()) == 0);
}
