#include "store/idempotency.hpp"

#include "base/fault.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode in_progress{"idempotency.in_progress", Kind::conflict};
constexpr ErrorCode key_reused{"idempotency.key_reused", Kind::invalid};

/// Part of the stored key: never renamed.
std::string_view name_of(Role role) {
  switch (role) {
    case Role::anonymous: return "anonymous";
    case Role::user: return "user";
    case Role::admin: return "admin";
    case Role::service: return "service";
  }
  return "";
}

}  // namespace

Result<RunningKeys::Mark> RunningKeys::begin(const AnswerKey& key) {
  const std::lock_guard lock(mutex_);
  if (!running_.insert(key).second) {
    auto refusal = fail(in_progress, "A request with this Idempotency-Key is still running; repeat it in a moment.");
    refusal.value().retryable = true;
    return refusal;
  }
  return Mark(*this, key);
}

void RunningKeys::release(const AnswerKey& key) {
  const std::lock_guard lock(mutex_);
  running_.erase(key);
}

AnswerKey answer_key(const CallContext& context, std::string_view operation) {
  std::string key = context.idempotency_key;
  if (SEAMLINE_MISTAKE("key-of-the-attempt")) key += context.request_id;
  if (SEAMLINE_MISTAKE("key-cut-short")) key.resize(std::min<std::size_t>(key.size(), 4));
  // The role belongs to it: neither an anonymous caller nor a service of that name meets the keys of somebody else.
  return {std::string(name_of(context.caller.role)) + ':' + context.caller.subject, std::string(operation), std::move(key)};
}

Result<void> check_fingerprint(const RememberedAnswer& answer, const Sha256& fingerprint) {
  if (answer.fingerprint == fingerprint) return {};
  return fail(key_reused, "This Idempotency-Key was used with another request.");
}

}  // namespace seamline::store
