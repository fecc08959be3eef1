#include "contract/contract.hpp"

namespace seamline {
namespace {

constexpr ErrorCode unauthenticated{"request.unauthenticated", Kind::unauthenticated};
constexpr ErrorCode forbidden{"request.forbidden", Kind::forbidden};

bool is_allowed(Access access, Role role) {
  switch (access) {
    case Access::anyone:
    case Access::internal: return true;
    case Access::user:
    case Access::owner: return role != Role::anonymous;
    case Access::admin: return role == Role::admin;
    case Access::service: return role == Role::service || role == Role::admin;
  }
  return false;
}

}  // namespace

Result<void> check_access(Access access, const Caller& caller) {
  if (is_allowed(access, caller.role)) return {};
  if (caller.role == Role::anonymous) {
    return fail(unauthenticated, "This needs an access token: Authorization: Bearer … (get one from POST /oauth/token).");
  }
  return fail(forbidden, "The caller's role may not do this.");
}

}  // namespace seamline
