#include <sys/stat.h>

#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

namespace {

constexpr const char* admin = "admin@seamline.local";

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

TEST_CASE("the first start makes an administrator with the password that it is given, and writes it nowhere") {
  UserHost host;
  const auto tokens = host.log_in(admin, UserHost::admin_password);
  REQUIRE(tokens.has_value());
  CHECK(host.count("SELECT count(*) FROM users WHERE role = 'admin'") == 1);
  CHECK_FALSE(std::filesystem::exists(host.folder.path() / "admin-password"));
}

TEST_CASE("without a password one is drawn, kept in a private file beside the modules' folders, and announced once") {
  auto settings = UserHost::cheap();
  settings.admin_password = {};
  int announced = 0;
  std::filesystem::path where;
  settings.on_admin_made = [&](std::string_view email, const std::filesystem::path& file) {
    CHECK(email == admin);
    where = file;
    ++announced;
  };
  UserHost host(settings);
  CHECK(announced == 1);
  CHECK(where == host.folder.path() / "admin-password");
  struct stat status{};
  REQUIRE(::stat(where.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  const std::string drawn = read_file(where);
  CHECK(drawn.size() == 24);
  CHECK(host.log_in(admin, drawn).has_value());

  host.stop();
  REQUIRE(host.start().has_value());
  CHECK(announced == 1);
  CHECK(read_file(where) == drawn);
  CHECK(host.log_in(admin, drawn).has_value());
}

TEST_CASE("a later start changes no administrator's password") {
  UserHost host;
  host.stop();
  host.settings.admin_password.text = "quite another secret";
  REQUIRE(host.start().has_value());
  CHECK(host.log_in(admin, UserHost::admin_password).has_value());
  CHECK(host.log_in(admin, "quite another secret").error().code == "oauth.invalid_grant");
}

TEST_CASE("nobody can register the administrator's address, before or after") {
  UserHost host;
  CHECK(host.register_user("ADMIN@seamline.local").error().code == "user.email_taken");
}

TEST_CASE("a start with an administrator's password that is too short or too common is refused, and a better one starts",
          "[sqlite]") {
  for (const char* bad : {"short", "password", "admin@seamline.local"}) {
    auto settings = UserHost::cheap();
    UserHost host(settings);
    host.stop();
    std::filesystem::remove_all(host.folder.path() / "user");
    host.settings.admin_password.text = bad;
    const auto refused = host.start();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == "module.cannot_start");
    CHECK(refused.error().detail.find("administrator's password") != std::string::npos);
    CHECK(refused.error().detail.find(std::string("\"") + bad) == std::string::npos);
    host.settings.admin_password.text = UserHost::admin_password;
    CHECK(host.start().has_value());
  }
}
