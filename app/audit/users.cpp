#include "audit/users.hpp"

#include "audit/dossier_reader.hpp"

namespace seamline::audit {
namespace {

bool is_normal(std::string_view email) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  if (email.empty() || is_space(email.front()) || is_space(email.back())) return false;
  return std::none_of(email.begin(), email.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// The encoded form of the reference implementation: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, salt and hash in base64.
bool is_argon2id(std::string_view hash) {
  constexpr std::string_view start = "$argon2id$v=19$m=";
  if (!hash.starts_with(start)) return false;
  const auto digest = hash.rfind('$');
  const auto salt = hash.rfind('$', digest - 1);
  if (salt < start.size() || digest - salt < 12 || hash.size() - digest < 22) return false;
  return hash.substr(salt + 1).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/$") ==
         std::string_view::npos;
}

void addresses(Database& user, Findings& findings) {
  std::string before;
  Cursor row(user, "SELECT email, user_id FROM users ORDER BY email");
  while (row.next()) {
    const std::string_view email = row.text(0);
    const bool is_new = email != before;
    findings.examine("U1", is_new && is_normal(email), [&] {
      return "user " + std::string(row.text(1)) + ": the address is " +
             (is_new ? "not in its normal form" : "another user's too");
    });
    before = email;
  }
}

void announcements(Database& user, Findings& findings) {
  Stream users(user, "SELECT user_id FROM users ORDER BY user_id");
  LogStream log(user);
  std::vector<Announcement> entries;
  while (!users.is_at_end() || !log.is_at_end()) {
    const bool is_user = log.is_at_end() || (!users.is_at_end() && users.key() <= log.key());
    const std::string id(is_user ? users.key() : log.key());
    entries.clear();
    log.take_entries(id, entries);
    const std::int64_t count = count_of(entries, "UserRegistered");
    if (is_user) {
      findings.examined("U3");
      users.advance();
    }
    if (count != (is_user ? 1 : 0)) {
      findings.violated("U3", (is_user ? "user " : "no user ") + id + ": announced " + std::to_string(count) + " times");
    }
  }
}

}  // namespace

void examine_users(Cut& cut, Findings& findings) {
  Database& user = cut.database(Owner::user);
  addresses(user, findings);
  for (Cursor row(user, "SELECT user_id, password_hash FROM users"); row.next();) {
    // The example does not repeat what should be a hash: it may be a password.
    findings.examine("U2", is_argon2id(row.text(1)),
                     [&] { return "user " + std::string(row.text(0)) + ": the password is kept in another form"; });
  }
  announcements(user, findings);
}

}  // namespace seamline::audit
