#pragma once

#include "contract/contract.hpp"
#include "user/operations.hpp"

namespace seamline::user {

/// Somebody joined.
struct UserRegistered {
  UserId user_id;
  std::string name;

  static constexpr EventType type{"user", "UserRegistered", 1};
  std::string_view subject() const { return user_id.text; }
  static constexpr std::tuple fields{Field{"user_id", &UserRegistered::user_id, "The user."},
                                     Field{"name", &UserRegistered::name, "As registered."}};
};

}  // namespace seamline::user
