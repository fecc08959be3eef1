#include "killing.hpp"

#include <csignal>
#include <string_view>

#include "base/fault.hpp"
#include "support/poll.hpp"

namespace seamline::mistakes {

KillBeforeCommit::KillBeforeCommit(int order, std::function<bool()> has_answer) {
  // Both points are reached on the thread of order's writer alone.
  fault::observe_crash_points(
      [orders = 0, order, has_answer = std::move(has_answer)](std::string_view scope, std::string_view point) mutable {
        if (scope != "order") return;
        if (point == "order-placed") ++orders;
        if (point != "before-commit" || orders < order) return;
        (void)test::poll_until(has_answer, 150);
        ::raise(SIGKILL);
      });
}

KillBeforeCommit::~KillBeforeCommit() { fault::observe_crash_points({}); }

}  // namespace seamline::mistakes
