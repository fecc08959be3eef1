// Jumps between stacks are what fibers are made of; the fortified longjmp takes them for a mistake.
#undef _FORTIFY_SOURCE

#include "fiber.hpp"

#include <csetjmp>
#include <cxxabi.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
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

void* map_stack() {
  void* stack = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  SEAMLINE_ASSERT(stack != MAP_FAILED);
  // Who overruns a stack is stopped, instead of writing over another one.
  SEAMLINE_ASSERT(::mprotect(stack, guard_bytes, PROT_NONE) == 0);
  return stack;
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

/// A stack on which one body runs after the other. It is used again: mapping one costs more than all that most fibers do. Only
/// its first entry is a system's context, since that one's switches call the kernel.
class Fiber::Stack {
 public:
  Stack() {
    ::getcontext(&first_);
    first_.uc_stack.ss_sp = map_stack();
    first_.uc_stack.ss_size = stack_bytes;
    ::makecontext(&first_, &Stack::run_bodies, 0);
  }

  static Stack* take() {
    if (free().empty()) return new Stack();
    Stack* stack = free().back();
    free().pop_back();
    return stack;
  }
  static void give_back(Stack* stack) { free().push_back(stack); }

  void resume(Fiber& fiber) {
    running_ = this;
    fiber_ = &fiber;
    const HandledExceptions outside = exchange_handled(handled_);
    if (::_setjmp(outside_) == 0) {
      if (std::exchange(has_begun_, true)) ::_longjmp(inside_, 1);
      ::setcontext(&first_);
    }
    handled_ = exchange_handled(outside);
    running_ = nullptr;
  }
  void leave() {
    if (::_setjmp(inside_) == 0) ::_longjmp(outside_, 1);
  }
  static Stack* running() { return running_; }

 private:
  static void run_bodies() {
    Stack& own = *running_;
    for (;;) {
      own.fiber_->run_body();
      own.leave();
    }
  }
  static std::vector<Stack*>& free() {
    static std::vector<Stack*> all;
    return all;
  }

  static inline Stack* running_ = nullptr;
  ucontext_t first_{};
  std::jmp_buf outside_{};
  std::jmp_buf inside_{};
  HandledExceptions handled_{};
  bool has_begun_ = false;
  Fiber* fiber_ = nullptr;
};

Fiber::~Fiber() { SEAMLINE_ASSERT(stack_ == nullptr); }

void Fiber::run_body() {
  try {
    body_();
  } catch (...) {
    thrown_ = std::current_exception();
  }
  has_ended_ = true;
}

void Fiber::resume() {
  SEAMLINE_ASSERT(Stack::running() == nullptr && !has_ended_);
  if (stack_ == nullptr) stack_ = Stack::take();
  stack_->resume(*this);
  if (has_ended_) Stack::give_back(std::exchange(stack_, nullptr));
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void Fiber::yield() {
  SEAMLINE_ASSERT(Stack::running() != nullptr && !inside_transaction);
  Stack::running()->leave();
}

}  // namespace seamline::simulation
