"""The promise of the seam: wherever its modules run, a shop gives the same answers, and its stores say the same in the end."""
import itertools
import os
import random
import unittest
from concurrent.futures import ThreadPoolExecutor

from auditing import audit, wait_until_quiet
from history import difference
from split import MODULES, SplitTest
from workload import SETTINGS, Workload

# Of the processes of one placement, few are busy at the same time.
PLACEMENTS_AT_ONCE = 3


class PlacementsTest(SplitTest):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SEAMLINE_TEST_SEED", random.SystemRandom().randrange(2**32)))
        print(f"{self.id()}: SEAMLINE_TEST_SEED={self.seed}", flush=True)

    def walk(self, remote):
        """What was seen in a shop of which the modules in `remote` are services, and what was wrong in it by itself."""
        shop = self.split(remote, "-".join(("remote", *remote)), **SETTINGS).start()
        workload = Workload(shop, self.seed).run()
        wait_until_quiet(shop.data_dir, 30)
        shop.stop()
        workload.history.add_stores(shop.data_dir)
        for process in shop.processes().values():
            self.shops.remove(process)  # the log of one that served well to its end is no help
        return workload.history, workload.violations + audit(shop.data_dir)

    def test_all_sixteen_placements_have_the_same_history(self):
        placements = [remote for count in range(len(MODULES) + 1) for remote in itertools.combinations(MODULES, count)]
        with ThreadPoolExecutor(PLACEMENTS_AT_ONCE) as pool:
            walks = {remote: pool.submit(self.walk, remote) for remote in placements}
            monolith, _ = walks[()].result()
            for remote, walked in walks.items():
                with self.subTest(remote=remote):
                    history, violations = walked.result()
                    self.assertEqual(violations, [], "\n".join(violations[:5]))
                    differs = difference(monolith, history)
                    if differs:
                        self.fail(f"with {remote} remote:\n{differs}")
        self.assertEqual(len(walks), 16)
        self.assertGreater(len(monolith.lines), 2000, "the workload was no test")


if __name__ == "__main__":
    unittest.main()
