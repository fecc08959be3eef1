#include "application/first_admin.hpp"

#include <array>
#include <span>

#include "base/fault.hpp"
#include "domain/password_policy.hpp"
#include "security/base64url.hpp"
#include "security/private_file.hpp"
#include "user/events.hpp"

namespace seamline::user {
namespace {

constexpr ErrorCode password_length{"user.password_length", Kind::invalid};

Result<void> check_password(const std::string& password) {
  if (password.size() < 8 || password.size() > 128) {
    return fail(password_length, "The administrator's password must have 8 to 128 bytes.");
  }
  if (is_easily_guessed(password, admin_email)) {
    return fail(errors::password_common, "The administrator's password is one of the most common ones; choose another.");
  }
  return {};
}

}  // namespace

Result<bool> FirstAdmin::make_if_missing(const std::string& password, const std::filesystem::path& password_file) {
  const std::string email(admin_email);
  if (store_.read([&](store::View& view) { return users_.find_by_email(view, email); })) return false;
  if (!password.empty()) {
    if (auto allowed = check_password(password); !allowed) return fail(std::move(allowed.error()));
    if (auto added = add(password); !added) return fail(std::move(added.error()));
    return false;
  }
  std::array<char, 18> random{};
  random_.fill(std::as_writable_bytes(std::span(random)));
  const std::string drawn = security::base64url_encode({random.data(), random.size()});
  if (auto written = security::write_private_file(password_file, drawn + "\n"); !written) return fail(std::move(written.error()));
  SEAMLINE_CRASH_POINT("user", "admin-password-kept");
  if (auto added = add(drawn); !added) return fail(std::move(added.error()));
  return true;
}

Result<void> FirstAdmin::add(const std::string& password) {
  auto hash = passwords_.hash(password);
  if (!hash) return fail(std::move(hash.error()));
  const StoredUser admin{{ids_.next_as<UserId>(), std::string(admin_email), "Administrator", UserRole::admin}, std::move(*hash)};
  return store_.write({}, [&](store::Transaction& transaction) -> Result<void> {
    users_.add(transaction, admin);
    SEAMLINE_CRASH_POINT("user", "admin-added");
    transaction.publish(UserRegistered{admin.user.id, admin.user.name});
    return {};
  });
}

}  // namespace seamline::user
