#include "base/completion.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace seamline {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) && std::atomic<std::uint32_t>::is_always_lock_free);

void futex(const std::atomic<std::uint32_t>* word, int operation, std::uint32_t value) {
  // What it returns says nothing that the word does not: a wait that ends early is repeated, a wake without a waiter is none.
  (void)::syscall(SYS_futex, word, operation, value, nullptr, nullptr, 0);
}

}  // namespace

void Completion::finish_one() {
  // The waiter may be gone as soon as the last part is counted: only the address is used from there on, and waking an address
  // at which nobody waits is harmless.
  const auto* word = &left_;
  if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) futex(word, FUTEX_WAKE_PRIVATE, 1);
}

void Completion::wait() const {
  for (std::uint32_t left = left_.load(std::memory_order_acquire); left != 0; left = left_.load(std::memory_order_acquire)) {
    futex(&left_, FUTEX_WAIT_PRIVATE, left);
  }
}

}  // namespace seamline
