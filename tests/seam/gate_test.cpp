#include "seam/gate.hpp"

#include <thread>

#include "support/catch.hpp"
#include "support/notes.hpp"

using namespace seamline;
using namespace seamline::test;
using seam::Gate;

namespace {

Error moving() { return std::move(fail(seam::fenced, "moving").value()); }

class Module final : public Overrides<NoteContract, Module> {
 public:
  template <Operation Op>
  Result<Note> run(const CallContext&, const Op& operation) {
    ++calls;
    if (operation.number < 0) throw std::runtime_error("SELECT secret FROM table");
    if (operation.number == 0) return fail(ErrorCode{"internal.unexpected", Kind::internal}, "SELECT secret FROM table");
    return Note{operation.note_id, operation.number};
  }
  std::atomic<int> calls{0};
};

struct CountingLoop final : Loop {
  int steps = 0;
  bool step() override {
    ++steps;
    return true;
  }
};

CallContext as(Role role) {
  CallContext context;
  context.caller = {role, "ada"};
  return context;
}

/// An operation for each kind of access.
template <Access Needed>
struct Knock {
  using Reply = Note;
  std::int64_t number = 1;
  static constexpr std::string_view name = "knock";
  static constexpr std::string_view summary = "Knocks.";
  static constexpr Route route{Verb::post, "/knocks"};
  static constexpr Access access = Needed;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"number", &Knock::number, "A number."}};
};
struct KnockContract : Contract<Operations<Knock<Access::anyone>, Knock<Access::user>, Knock<Access::owner>, Knock<Access::admin>,
                                           Knock<Access::service>, Knock<Access::internal>>,
                                Publishes<>> {
  static constexpr std::string_view module = "knock";
  static constexpr std::string_view topic = "knocks";
};
class KnockModule final : public Overrides<KnockContract, KnockModule> {
 public:
  template <Operation Op>
  Result<Note> run(const CallContext&, const Op&) {
    return Note{};
  }
};

}  // namespace

TEST_CASE("a closed gate refuses with its reason and runs nothing, and lets in again when it opens") {
  Gate gate;
  Module module;
  seam::GatedPort<NoteContract> port(gate, module);
  CHECK(port.call(CallContext{}, WriteNote{{"n"}, 1}).has_value());
  gate.close(moving());
  CHECK_FALSE(gate.is_open());
  CHECK(port.call(CallContext{}, WriteNote{{"n"}, 1}).error() == moving());
  CHECK(module.calls == 1);
  gate.open();
  CHECK(gate.is_open());
  CHECK(port.call(CallContext{}, WriteNote{{"n"}, 1}).has_value());
  CHECK(module.calls == 2);
}

TEST_CASE("a closed gate is empty once everybody who was inside has left") {
  Gate gate;
  auto first = std::make_optional(gate.enter());
  auto second = std::make_optional(gate.enter());
  gate.close(moving());
  CHECK_FALSE(gate.enter().has_value());
  CHECK_FALSE(gate.wait_empty(5));
  first.reset();
  CHECK_FALSE(gate.wait_empty(5));
  std::thread leaving([&] { second.reset(); });
  CHECK(gate.wait_empty(10'000));
  leaving.join();
}

TEST_CASE("callers who hammer at a closed gate do not keep it from being empty, and nobody is inside when it is") {
  Gate gate;
  std::atomic<bool> stop{false};
  std::atomic<int> inside{0};
  std::vector<std::jthread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      while (!stop) {
        const auto pass = gate.enter();
        if (!pass) continue;
        ++inside;
        --inside;
      }
    });
  }
  bool was_empty = true;
  for (int i = 0; i < 300; ++i) {
    gate.close(moving());
    was_empty = gate.wait_empty(10'000) && inside == 0 && was_empty;
    std::this_thread::yield();
    was_empty = inside == 0 && was_empty;
    gate.open();
  }
  stop = true;
  CHECK(was_empty);
}

TEST_CASE("opening a gate wakes those who stopped at it, after it is open") {
  Gate gate;
  int wakes = 0;
  gate.on_open([&] {
    ++wakes;
    CHECK(gate.enter().has_value());
  });
  gate.close(moving());
  CHECK(wakes == 0);
  gate.open();
  CHECK(wakes == 1);
}

TEST_CASE("a loop behind a closed gate does nothing, and counts as inside while it steps") {
  Gate gate;
  CountingLoop inner;
  seam::GatedLoop loop(gate, inner, "counting");
  CHECK(loop.step());
  gate.close(moving());
  CHECK_FALSE(loop.step());
  CHECK(inner.steps == 1);
  CHECK(gate.wait_empty(0));
  gate.open();
  CHECK(loop.step());

  struct Looking final : Loop {
    explicit Looking(Gate& its_gate) : gate(its_gate) {}
    bool step() override {
      gate.close(moving());
      CHECK_FALSE(gate.wait_empty(1));
      return true;
    }
    Gate& gate;
  } looking(gate);
  CHECK(seam::GatedLoop(gate, looking, "looking").step());
  CHECK(gate.wait_empty(0));
}

TEST_CASE("a loop that throws has done nothing, and tries again the next time") {
  struct Failing final : Loop {
    bool fails = true;
    bool step() override {
      if (fails) throw std::runtime_error("disk I/O error");
      return true;
    }
  } inner;
  Gate gate;
  seam::GatedLoop loop(gate, inner, "failing");
  CHECK_FALSE(loop.step());
  CHECK_FALSE(loop.step());
  CHECK(gate.wait_empty(0));
  inner.fails = false;
  CHECK(loop.step());
}

TEST_CASE("an exception ends at the gated port, its text is for the log, not for the caller") {
  Gate gate;
  Module module;
  seam::GatedPort<NoteContract> port(gate, module);
  for (const std::int64_t number : {-1, 0}) {
    const auto reply = port.call(CallContext{}, WriteNote{{"n"}, number});
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().kind == Kind::internal);
    CHECK(reply.error().detail.find("SELECT") == std::string::npos);
  }
  gate.close(moving());
  CHECK(gate.wait_empty(0));
}

TEST_CASE("the gated port checks who may call what, before anything runs") {
  Gate gate;
  KnockModule module;
  seam::GatedPort<KnockContract> port(gate, module);
  const auto allowed = [&]<Access Needed>(std::integral_constant<Access, Needed>) {
    std::string roles;
    for (const Role role : {Role::anonymous, Role::user, Role::admin, Role::service}) {
      const auto reply = port.call(as(role), Knock<Needed>{});
      if (reply) {
        roles += "-uas"[static_cast<std::size_t>(role)];
      } else {
        CHECK(reply.error().code == (role == Role::anonymous ? "request.unauthenticated" : "request.forbidden"));
      }
    }
    return roles;
  };
  CHECK(allowed(std::integral_constant<Access, Access::anyone>()) == "-uas");
  CHECK(allowed(std::integral_constant<Access, Access::user>()) == "uas");
  CHECK(allowed(std::integral_constant<Access, Access::owner>()) == "uas");
  CHECK(allowed(std::integral_constant<Access, Access::admin>()) == "a");
  CHECK(allowed(std::integral_constant<Access, Access::service>()) == "as");
  CHECK(allowed(std::integral_constant<Access, Access::internal>()) == "-uas");
}
