#include "security/sealing_key.hpp"

#include <sys/stat.h>

#include <iterator>

#include "security/private_file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status{};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a private file is for its owner alone, and replaces what was there") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  REQUIRE(write_private_file(file, "one").has_value());
  CHECK(mode_of(file) == 0600);
  REQUIRE(write_private_file(file, "two").has_value());
  CHECK(read_private_file(file).value() == "two");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a private file that others may read or write is refused, with what to do") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  REQUIRE(write_private_file(file, "one").has_value());
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0644U}) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    const auto read = read_private_file(file);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == "security.file_unusable");
    CHECK(read.error().detail.find("chmod 600") != std::string::npos);
  }
}

TEST_CASE("a private file that is a link, a folder or too long is refused, a missing one is nothing") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  CHECK(read_private_file(file).value() == std::nullopt);
  REQUIRE(write_private_file(file, std::string(5000, 'x')).has_value());
  CHECK_FALSE(read_private_file(file).has_value());
  REQUIRE(write_private_file(file, "one").has_value());
  std::filesystem::create_symlink(file, folder.path() / "link");
  CHECK_FALSE(read_private_file(folder.path() / "link").has_value());
  std::filesystem::create_directory(folder.path() / "folder");
  std::filesystem::permissions(folder.path() / "folder", std::filesystem::perms::owner_all);
  CHECK_FALSE(read_private_file(folder.path() / "folder").has_value());
  CHECK_FALSE(write_private_file(folder.path() / "missing" / "secret", "one").has_value());
}

TEST_CASE("what is sealed opens with the same key file and purpose alone") {
  const test::TemporaryFolder folder;
  Random& random = Random::system();
  const auto key = SealingKey::read_or_make(folder.path() / "a", random).value();
  const auto other = SealingKey::read_or_make(folder.path() / "b", random).value();
  const std::string sealed = key.seal("the secret", "purpose", random);
  CHECK(sealed.find("secret") == std::string::npos);
  CHECK(key.open(sealed, "purpose").value() == "the secret");
  CHECK(SealingKey::read_or_make(folder.path() / "a", random)->open(sealed, "purpose").value() == "the secret");
  CHECK_FALSE(key.open(sealed, "purpose2").has_value());
  CHECK_FALSE(other.open(sealed, "purpose").has_value());
  CHECK(key.seal("the secret", "purpose", random) != sealed);
  CHECK(key.open(key.seal("", "p", random), "p").value().empty());
}

TEST_CASE("what is sealed and changed anywhere does not open") {
  const test::TemporaryFolder folder;
  const auto key = SealingKey::read_or_make(folder.path() / "a", Random::system()).value();
  const std::string sealed = key.seal("the secret", "purpose", Random::system());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(key.open(changed, "purpose").has_value());
  }
  CHECK_FALSE(key.open(sealed.substr(0, 20), "purpose").has_value());
  CHECK_FALSE(key.open("", "purpose").has_value());
}

TEST_CASE("a key file that holds no key is refused, and never overwritten") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "key";
  for (const char* content : {"", "short", "AAAA\n"}) {
    REQUIRE(write_private_file(file, content).has_value());
    const auto key = SealingKey::read_or_make(file, Random::system());
    REQUIRE_FALSE(key.has_value());
    CHECK(key.error().code == "security.file_unusable");
    CHECK(read_private_file(file).value() == std::string(content));
  }
}

TEST_CASE("a keyed digest is equal for equal texts, and differs by text, purpose and key") {
  const test::TemporaryFolder folder;
  const auto key = SealingKey::read_or_make(folder.path() / "a", Random::system()).value();
  const auto other = SealingKey::read_or_make(folder.path() / "b", Random::system()).value();
  CHECK(key.digest("t", "p") == key.digest("t", "p"));
  CHECK(key.digest("t", "p") != key.digest("u", "p"));
  CHECK(key.digest("t", "p") != key.digest("t", "q"));
  CHECK(key.digest("t", "p") != other.digest("t", "p"));
  CHECK(key.digest("t", "p") != sha256("t"));
}
