"""The guide's circuit breaker and retries, in a client of our shop whose payment service goes and comes back."""
import subprocess
import sys
import unittest
from pathlib import Path

import apart
import go_programs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from shop import poll_until  # noqa: E402
from split import SplitTest  # noqa: E402

# Long enough that nothing is slow enough to wait it out unnoticed, where the breaker must still be open.
BREAKER_TIMEOUT_MS = 3_000
# The guide's retries come after 1, 2, 4, 8 and 16 s.
RETRY_TIMEOUT_S = 120


class Guide(subprocess.Popen):
    """The guide's client, which is spoken to by lines."""

    def __init__(self, test, *arguments):
        super().__init__([go_programs.path_of("client"), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        for cleanup in (self.stdout.close, self.stdin.close, lambda: self.wait(10), self.kill):
            test.addCleanup(cleanup)

    def call(self):
        """One call through the breaker: (what came of it, the breaker's state, whether it was sent)."""
        self.stdin.write("\n")
        line = self.stdout.readline().strip()
        was_sent = line.startswith("request ")
        if was_sent:
            line = self.stdout.readline().strip()
        return (*line.split("; "), was_sent)


class ResilienceTest(SplitTest):
    def setUp(self):
        super().setUp()
        # The gateway is the service that fails: it answers 503 where payment is away.
        self.server = self.split(["payment"], listen=f"{apart.HOSTS['failing-service']}:80", calls__breaker__open_ms=200)
        self.server.start()
        self.payment = self.server.services["payment"]

    def take_away(self):
        self.payment.stop()
        self.wait_for(503)

    def bring_back(self):
        self.payment.start()
        self.wait_for(200)

    def wait_for(self, status):
        poll_until(lambda: self.server.get("/payments?order_id=none").status == status, 30, f"the shop answers {status}", every_s=0.1)

    def test_the_guides_own_ten_calls_are_three_failures_and_then_refusals(self):
        self.take_away()
        ran = subprocess.run([go_programs.path_of("client")], capture_output=True, text=True, timeout=60, check=True)
        lines = ran.stdout.splitlines()
        self.assertEqual([line for line in lines if line.startswith("Call")],
                         [f"Call {i} failed: {'service error' if i < 3 else 'circuit breaker open'}" for i in range(10)])
        self.assertEqual([line for line in lines if line.startswith("request")], ["request 1", "request 2", "request 3"])

    def test_the_guides_own_ten_calls_succeed_while_the_shop_is_well(self):
        ran = subprocess.run([go_programs.path_of("client")], capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(ran.stdout.splitlines(), [f"request {i}" for i in range(1, 11)])

    def test_the_breaker_opens_after_three_failures_and_closes_after_three_successes_once_our_service_is_back(self):
        guide = Guide(self, "breaker", str(BREAKER_TIMEOUT_MS))
        self.assertEqual(guide.call(), ("<nil>", "closed", True))
        self.take_away()
        self.assertEqual([guide.call() for _ in range(3)], [("service error", "closed", True)] * 2 + [("service error", "open", True)])
        self.assertEqual(guide.call(), ("circuit breaker open", "open", False))

        # Half-open, and the service is still away: one call finds out.
        probe = poll_until(lambda: self.sent(guide), 30, "the breaker tries again", every_s=0.1)
        self.assertEqual(probe, ("service error", "open", True))
        self.assertEqual(guide.call(), ("circuit breaker open", "open", False))

        self.bring_back()
        probe = poll_until(lambda: self.sent(guide), 30, "the breaker tries again", every_s=0.1)
        self.assertEqual(probe, ("<nil>", "half-open", True))
        self.assertEqual([guide.call(), guide.call()], [("<nil>", "half-open", True), ("<nil>", "closed", True)])
        self.assertEqual(guide.call(), ("<nil>", "closed", True))

    def sent(self, guide):
        """A call, where the breaker lets it through."""
        outcome = guide.call()
        return outcome if outcome[2] else None

    def test_retries_succeed_once_our_service_is_back(self):
        self.take_away()
        guide = Guide(self, "retry")
        self.assertEqual([guide.stdout.readline().strip() for _ in range(2)], ["request 1", "request 2"])
        self.bring_back()
        rest, _ = guide.communicate(timeout=RETRY_TIMEOUT_S)
        lines = rest.splitlines()
        self.assertEqual(lines[-1], "ended: <nil>")
        # The second one may have met it already.
        self.assertEqual(lines[:-1], [f"request {i}" for i in range(3, 3 + len(lines) - 1)])
        self.assertLessEqual(len(lines) - 1, 3)

    def test_retries_give_up_after_five_attempts_with_the_last_error(self):
        self.take_away()
        guide = Guide(self, "retry")
        said, _ = guide.communicate(timeout=RETRY_TIMEOUT_S)
        self.assertEqual(said.splitlines(), [*(f"request {i}" for i in range(1, 6)), "ended: service error"])


if __name__ == "__main__":
    apart.enter(prepare=lambda: go_programs.build("client"))
    unittest.main()
