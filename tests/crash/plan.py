"""Which cases there are: every point that any process passes, in both placements, and each point followed by more kills."""
import random
from collections import Counter

from crash_case import PLACEMENTS, PROFILES, START_POINTS, STOP_POINTS, Arm, Case

# A point that is passed so often on a day is passed on every such day.
SURELY = 3


class Recordings:
    """What was recorded: recordings[placement, profile] is (day, recovery), each counts of names by process."""

    def __init__(self, by_day):
        self.by_day = by_day

    def add(self, placement, profile, day, recovery):
        """Another such day: what counts is the most of each."""
        known = self.by_day.setdefault((placement, profile), ({}, {}))
        for counts, more in zip(known, (day, recovery)):
            for process, passed in more.items():
                counts[process] = counts.get(process, Counter()) | passed

    def names(self):
        return {name for day, _ in self.by_day.values() for counts in day.values() for name in counts}

    def passed(self, placement):
        """(process, name) -> (profile, times) for all that is passed in a placement: on the first kind of day that passes it often
        enough not to be chance, else on the one that does so most often."""
        found = {}
        for profile in PROFILES:
            day, _ = self.by_day[placement, profile]
            for process, counts in day.items():
                for name, times in counts.items():
                    _, most = found.get((process, name), (None, 0))
                    if most < min(times, SURELY):
                        found[process, name] = (profile, times)
        return found

    def recovery(self, placement, profile, process):
        _, recovery = self.by_day[placement, profile]
        return recovery[process]


def make_cases(recordings, seed):
    """One kill at each point in each process of each placement; and each point in one placement with two kills more, while the shop
    recovers. The moments follow from the seed."""
    chance = random.Random(seed)
    singles, doubles = [], []
    places_of = {}
    for placement in PLACEMENTS:
        for (process, name), (profile, times) in sorted(recordings.passed(placement).items()):
            singles.append(Case(placement, process, profile, (Arm(name, draw_nth(chance, name, times)),)))
            places_of.setdefault(name, []).append((placement, process, profile, times))
    for name, places in sorted(places_of.items()):
        placement, process, profile, times = chance.choice(places)
        later = recordings.recovery(placement, profile, process)
        start = chance.choice(sorted(again for again in later if again.split("/")[-1] in START_POINTS))
        other = chance.choice(sorted(later))
        arms = (Arm(name, draw_nth(chance, name, times)), Arm(start), Arm(other, chance.randint(1, max(1, min(3, later[other] // 2)))))
        doubles.append(Case(placement, process, profile, arms))
    return singles, doubles


def draw_nth(chance, name, times):
    """Not later than about the middle of the day, so that there is a rest to recover in."""
    return 1 if name in STOP_POINTS else chance.randint(1, max(1, times // 2))
