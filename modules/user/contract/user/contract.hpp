#pragma once

#include "user/events.hpp"
#include "user/operations.hpp"

namespace seamline::user {

struct UserContract : Contract<Operations<RegisterUser, GetUser, GetProfile, IssueTokens, GetKeys>, Publishes<UserRegistered>> {
  static constexpr std::string_view module = "user";
  static constexpr std::string_view topic = "users";
};

}  // namespace seamline::user
