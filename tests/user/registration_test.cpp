#include "domain/email.hpp"
#include "domain/password_policy.hpp"
#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

TEST_CASE("an address is kept in lower case and without blanks around it") {
  CHECK(user::normalise_email(" Ada@Example.ORG ") == "ada@example.org");
  for (const char* none :
       {"", " ", "ada", "@example.org", "ada@", "ada@example", "ada@.org", "ada@example.", "a@b@c.d", "a b@c.d", "a\t@c.d"}) {
    INFO(none);
    CHECK_FALSE(user::normalise_email(none).has_value());
  }
}

TEST_CASE("a registered user has a normalised address and no more rights than any") {
  UserHost host;
  const auto ada = host.register_user("Ada@Example.ORG");
  REQUIRE(ada.has_value());
  CHECK(ada->email == "ada@example.org");
  CHECK(ada->role == user::UserRole::user);
  CHECK(ada->name == "Ada");
  CallContext me;
  me.caller = {Role::user, ada->id.text};
  CHECK(host.users->call(me, user::GetUser{ada->id}).value().email == "ada@example.org");
}

TEST_CASE("an address is taken whatever its case") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  for (const char* same : {"ada@example.org", "ADA@EXAMPLE.ORG", " ada@example.org "}) {
    CHECK(host.register_user(same).error().code == "user.email_taken");
  }
  CHECK(host.count("SELECT count(*) FROM users WHERE email LIKE '%example%'") == 1);
}

TEST_CASE("what is no address registers nobody") {
  UserHost host;
  const auto events_before = host.host->store_of("user").log().head().seq;
  CHECK(host.register_user("ada").error().code == "user.email_invalid");
  CHECK(host.count("SELECT count(*) FROM users") == 1);
  CHECK(host.host->store_of("user").log().head().seq == events_before);
}

TEST_CASE("a password that is guessed first is refused, whatever its case, and named by its member") {
  UserHost host;
  for (const char* common : {"password", "PASSWORD1", "12345678", "qwertyuiop", "ada@example.org", "iloveyou"}) {
    INFO(common);
    const auto refused = host.register_user("ada@example.org", common);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == "user.password_common");
    REQUIRE(refused.error().violations.size() == 1);
    CHECK(refused.error().violations[0].pointer == "/password");
  }
  CHECK(host.register_user("ada@example.org", "password of a long kind").has_value());
  CHECK(user::is_easily_guessed("Jonathan1", "jonathan1@example.org"));
  CHECK_FALSE(user::is_easily_guessed("Jonathan1", "ada@example.org"));
}

TEST_CASE("a repeat under its key registers once, and another password under it is another request") {
  UserHost host;
  CallContext context;
  context.idempotency_key = "k";
  const auto first = host.users->call(context, user::RegisterUser{"ada@example.org", {"long enough"}, "Ada"});
  const auto again = host.users->call(context, user::RegisterUser{"ada@example.org", {"long enough"}, "Ada"});
  REQUIRE(again.has_value());
  CHECK(first->id == again->id);
  const auto other = host.users->call(context, user::RegisterUser{"ada@example.org", {"another one"}, "Ada"});
  CHECK(other.error().code == "idempotency.key_reused");
}

TEST_CASE("what is kept of a keyed registration helps nobody to guess its password") {
  UserHost host;
  CallContext context;
  context.idempotency_key = "k";
  const user::RegisterUser operation{"ada@example.org", {"long enough"}, "Ada"};
  REQUIRE(host.users->call(context, operation).has_value());
  const auto fingerprint = host.host->store_of("user").read([](store::View& view) {
    auto row = view.rows().query("SELECT fingerprint FROM idempotency");
    row.next();
    return row.digest(0);
  });
  // Whoever has the store knows all of the operation but the password, and would only have to try digests like this one.
  CHECK(fingerprint != sha256(encode(operation)));
}

TEST_CASE("no password stands in the store, in any form that can be searched for", "[sqlite]") {
  UserHost host;
  CallContext context;
  context.idempotency_key = "k";
  REQUIRE(host.users->call(context, user::RegisterUser{"ada@example.org", {"Xylophone-Quartz"}, "Ada"}).has_value());
  REQUIRE(host.log_in("ada@example.org", "Xylophone-Quartz").has_value());
  const std::string bytes = host.stored_bytes();
  CHECK(bytes.find("ada@example.org") != std::string::npos);
  CHECK(bytes.find("Xylophone") == std::string::npos);
  CHECK(bytes.find(UserHost::admin_password) == std::string::npos);
  CHECK(bytes.find(to_hex(sha256("Xylophone-Quartz"))) == std::string::npos);
  CHECK(bytes.find(std::string(as_bytes(sha256("Xylophone-Quartz")))) == std::string::npos);
}
