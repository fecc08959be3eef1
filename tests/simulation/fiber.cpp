#include "fiber.hpp"

#include <cxxabi.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/transaction_mark.hpp"

namespace seamline::simulation {
namespace {

constexpr std::size_t stack_bytes = std::size_t{256} << 10U;
constexpr std::size_t guard_bytes = 4096;

/// Stacks are used again: mapping one costs more than all that most fibers do.
class Stacks {
 public:
  void* take() {
    if (!free_.empty()) {
      void* stack = free_.back();
      free_.pop_back();
      return stack;
    }
    void* stack = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SEAMLINE_ASSERT(stack != MAP_FAILED);
    // Who overruns a stack is stopped, instead of writing over another one.
    SEAMLINE_ASSERT(::mprotect(stack, guard_bytes, PROT_NONE) == 0);
    return stack;
  }
  void give_back(void* stack) { free_.push_back(stack); }

 private:
  std::vector<void*> free_;
};

Stacks& stacks() {
  static Stacks all;
  return all;
}

/// What the runtime knows of the exceptions that are being handled, which belongs to a stack: two words (Itanium C++ ABI,
/// section 2.2.2).
using HandledExceptions = std::array<std::byte, 2 * sizeof(void*)>;

HandledExceptions exchange_handled(const HandledExceptions& next) {
  HandledExceptions before{};
  void* globals = abi::__cxa_get_globals();
  std::memcpy(before.data(), globals, before.size());
  std::memcpy(globals, next.data(), next.size());
  return before;
}

}  // namespace

struct Fiber::State {
  std::function<void()> body;
  void* stack = nullptr;
  ucontext_t own{};
  ucontext_t outside{};
  HandledExceptions handled{};
  std::exception_ptr thrown;
  bool has_ended = false;

  static void enter(unsigned high, unsigned low) {
    const auto address = (static_cast<std::uintptr_t>(high) << 32U) | low;
    auto* state = reinterpret_cast<State*>(address);
    try {
      state->body();
    } catch (...) {
      state->thrown = std::current_exception();
    }
    state->has_ended = true;
    ::swapcontext(&state->own, &state->outside);
  }
};

namespace {
void* running = nullptr;
}  // namespace

Fiber::Fiber(std::function<void()> body) : state_(std::make_unique<State>()) { state_->body = std::move(body); }

Fiber::~Fiber() {
  SEAMLINE_ASSERT(state_->stack == nullptr || state_->has_ended);
  if (state_->stack != nullptr) stacks().give_back(state_->stack);
}

bool Fiber::has_ended() const { return state_->has_ended; }

void Fiber::resume() {
  SEAMLINE_ASSERT(running == nullptr && !state_->has_ended);
  if (state_->stack == nullptr) {
    state_->stack = stacks().take();
    ::getcontext(&state_->own);
    state_->own.uc_stack.ss_sp = state_->stack;
    state_->own.uc_stack.ss_size = stack_bytes;
    const auto address = reinterpret_cast<std::uintptr_t>(state_.get());
    ::makecontext(&state_->own, reinterpret_cast<void (*)()>(&State::enter), 2, static_cast<unsigned>(address >> 32U),
                  static_cast<unsigned>(address));
  }
  running = state_.get();
  const HandledExceptions outside = exchange_handled(state_->handled);
  ::swapcontext(&state_->outside, &state_->own);
  state_->handled = exchange_handled(outside);
  running = nullptr;
  if (state_->thrown) std::rethrow_exception(std::exchange(state_->thrown, nullptr));
}

void Fiber::yield() {
  SEAMLINE_ASSERT(running != nullptr && !inside_transaction);
  auto* state = static_cast<State*>(running);
  ::swapcontext(&state->own, &state->outside);
}

}  // namespace seamline::simulation
