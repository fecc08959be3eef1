#pragma once

#include "contract/contract.hpp"

namespace seamline::user {

using UserId = Id<"user">;

/// What a user may do.
enum class UserRole : std::uint8_t { user, admin };

}  // namespace seamline::user

template <>
inline constexpr std::array<std::string_view, 2> seamline::enum_names<seamline::user::UserRole>{"user", "admin"};

namespace seamline::user {

namespace errors {
inline constexpr ErrorCode not_found{"user.not_found", Kind::not_found};
inline constexpr ErrorCode email_taken{"user.email_taken", Kind::conflict};
inline constexpr ErrorCode email_invalid{"user.email_invalid", Kind::invalid};
}  // namespace errors

/// A user as others may see them.
struct User {
  UserId id;
  std::string email;
  std::string name;
  UserRole role = UserRole::user;

  static constexpr std::tuple fields{Field{"id", &User::id, "Server-assigned."}, Field{"email", &User::email, "Normalised to lower case."},
                                     Field{"name", &User::name, "As registered."}, Field{"role", &User::role, "user or admin."}};
};

/// Registers a user.
struct RegisterUser {
  std::string email;
  Secret password;
  std::string user_name;

  using Reply = User;
  static constexpr std::string_view name = "user.register";
  static constexpr std::string_view summary = "Register a user";
  static constexpr Route route{Verb::post, "/users", "/users/{id}"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::email_taken, errors::email_invalid};
  static constexpr std::tuple fields{
      Field{"email", &RegisterUser::email, "Unique in the shop, whatever its case.", length(3, 254)},
      Field{"password", &RegisterUser::password, "8 to 128 bytes.", length(8, 128)},
      Field{"name", &RegisterUser::user_name, "1 to 200 bytes.", length(1, 200)}};
};

/// Reads one user. Idempotent. A user whom the caller may not see is not found.
struct GetUser {
  UserId id;

  using Reply = User;
  static constexpr std::string_view name = "user.get";
  static constexpr std::string_view summary = "Read one user";
  static constexpr Route route{Verb::get, "/users/{id}"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetUser::id, "The user."}};
};

/// What other modules may know of a user.
struct Profile {
  UserId id;
  std::string name;

  static constexpr std::tuple fields{Field{"id", &Profile::id, "The user."}, Field{"name", &Profile::name, "As registered."}};
};

/// Says whether a user exists, and their name. Idempotent.
struct GetProfile {
  UserId id;

  using Reply = Profile;
  static constexpr std::string_view name = "user.get_profile";
  static constexpr std::string_view summary = "Say whether a user exists, and their name";
  static constexpr Route route{Verb::post, "/internal/user/get_profile"};
  static constexpr Access access = Access::internal;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetProfile::id, "The user."}};
};

}  // namespace seamline::user
