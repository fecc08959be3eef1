#include "application/accounts.hpp"

#include "base/fault.hpp"
#include "domain/email.hpp"
#include "domain/password_policy.hpp"
#include "user/events.hpp"

namespace seamline::user {
namespace {

tl::unexpected<Error> no_such_user(const UserId& id) { return fail(errors::not_found, "There is no user " + id.text + "."); }

}  // namespace

Result<User> Accounts::register_user(const CallContext& context, const RegisterUser& operation) {
  auto once = store_.once(context, fingerprinted(operation));
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();

  const auto email = normalise_email(operation.email);
  if (!email) return fail(errors::email_invalid, "The member email is no e-mail address.");
  if (is_easily_guessed(operation.password.text, *email)) {
    auto refusal = fail(errors::password_common, "The password is one of those that are guessed first; choose another.");
    refusal.value().violations.push_back({"/password", "is one of those that are guessed first"});
    return refusal;
  }
  auto hash = passwords_.hash(operation.password.text);
  if (!hash) return fail(std::move(hash.error()));
  const auto id = ids_.next_as<UserId>();
  SEAMLINE_CRASH_POINT("user", "before-registration");

  return once->write([&](store::Transaction& transaction) -> Result<User> {
    if (repository_.find_by_email(transaction, *email)) {
      return fail(errors::email_taken, "There is a user with this e-mail address already.");
    }
    StoredUser stored{{id, *email, operation.user_name, UserRole::user}, *hash};
    if (SEAMLINE_MISTAKE("plaintext-password")) stored.password_hash = operation.password.text;
    if (SEAMLINE_MISTAKE("email-as-typed")) stored.user.email = operation.email;
    repository_.add(transaction, stored);
    SEAMLINE_CRASH_POINT("user", "user-added");
    if (!SEAMLINE_MISTAKE("user-unannounced")) transaction.publish(UserRegistered{id, operation.user_name});
    return stored.user;
  });
}

/// What a repeat under the same idempotency key is compared with is kept as a plain digest of the operation. Of a password such a
/// digest would be worth more to a thief than the slow hash beside it; so a keyed one stands in its place.
RegisterUser Accounts::fingerprinted(const RegisterUser& operation) const {
  RegisterUser copy = operation;
  copy.password.text = to_hex(sealing_.digest(operation.password.text, "user.idempotency"));
  return copy;
}

Result<User> Accounts::get(const CallContext& context, const GetUser& operation) {
  auto stored = store_.read([&](store::View& view) { return repository_.find(view, operation.id); });
  if (!stored || !context.caller.may_see(operation.id.text)) return no_such_user(operation.id);
  return std::move(stored->user);
}

Result<Profile> Accounts::profile(const GetProfile& operation) {
  const auto stored = store_.read([&](store::View& view) { return repository_.find(view, operation.id); });
  if (!stored) return no_such_user(operation.id);
  return Profile{stored->user.id, stored->user.name};
}

}  // namespace seamline::user
