#include "store/idempotency.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode in_progress{"idempotency.in_progress", Kind::conflict};
constexpr ErrorCode key_reused{"idempotency.key_reused", Kind::invalid};

std::string running_name(const AnswerKey& key) { return key.operation + '\n' + key.caller + '\n' + key.key; }

}  // namespace

Result<RunningKeys::Mark> RunningKeys::begin(const AnswerKey& key) {
  std::string name = running_name(key);
  const std::lock_guard lock(mutex_);
  if (!running_.insert(name).second) {
    auto refusal = fail(in_progress, "A request with this Idempotency-Key is still running; repeat it in a moment.");
    refusal.value().retryable = true;
    return refusal;
  }
  return Mark(*this, std::move(name));
}

void RunningKeys::release(const std::string& key) {
  const std::lock_guard lock(mutex_);
  running_.erase(key);
}

AnswerKey answer_key(const CallContext& context, std::string_view operation) {
  return {context.caller.subject, std::string(operation), context.idempotency_key};
}

Result<void> check_fingerprint(const RememberedAnswer& answer, const Sha256& fingerprint) {
  if (answer.fingerprint == fingerprint) return {};
  return fail(key_reused, "This Idempotency-Key was used with another request.");
}

}  // namespace seamline::store
