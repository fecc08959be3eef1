"""The promise, split: whichever of a shop's processes is killed, nothing that was acknowledged is lost, and nothing happens twice."""
import time
import unittest

from kill_test import ROUNDS, KillCase
from split import MODULES


class SplitKillTest(KillCase):
    # Customers do not wait for a circuit that stays open long after the service is back.
    SETTINGS = {**KillCase.SETTINGS, "calls__breaker__open_ms": 100, "calls__timeout_ms": 3000}

    def test_twenty_kills_of_a_shop_with_payment_elsewhere_lose_and_double_nothing(self):
        self.kill_under_load(("payment",))

    def test_twenty_kills_of_a_shop_of_five_processes_lose_and_double_nothing(self):
        self.kill_under_load(MODULES)

    def kill_under_load(self, remote):
        self.open_shop(self.split(remote, **self.SETTINGS))
        processes = self.server.processes()
        killed = dict.fromkeys(processes, 0)
        customers = self.start_customers()
        for round_number in range(ROUNDS):
            time.sleep(self.random.uniform(0.05, 0.4))
            # The main process every third time at least: the load passes through it.
            names = [self.random.choice(sorted(processes))] if round_number % 3 else ["main"]
            if self.random.random() < 0.3:
                names.append(self.random.choice(sorted(processes.keys() - names)))
            for name in names:
                processes[name].kill()
                killed[name] += 1
            time.sleep(self.random.uniform(0, 0.1))  # the others notice, or do not
            self.random.shuffle(names)
            for name in names:
                processes[name].launch()
            for name in names:
                processes[name].wait_ready()
        print(f"killed {killed}")
        self.finish_and_audit(customers)


if __name__ == "__main__":
    unittest.main()
