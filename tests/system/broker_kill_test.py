"""The promise, with brokers: whichever of a shop's processes is killed, and whatever becomes of the brokers between them, nothing that
was acknowledged is lost, and nothing happens twice."""
import sys
import time
import unittest
from pathlib import Path

from kill_test import KillCase
from split import MODULES
from split_kill_test import SplitKillTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "servers"))
from servers import Kafka, Nats  # noqa: E402

ROUNDS = 8


class BrokerKillTest(KillCase):
    SETTINGS = SplitKillTest.SETTINGS

    def broker(self, kind):
        broker = kind()
        self.addCleanup(broker.close)
        return broker

    def test_kafka_between_five_processes(self):
        kafka = self.broker(Kafka)
        self.kill_under_load([kafka], events__carrier="kafka", kafka__brokers=kafka.address, kafka__partitions=3)

    def test_nats_between_five_processes(self):
        nats = self.broker(Nats)
        self.kill_under_load([nats], events__carrier="nats", nats__urls=nats.details["url"])

    def test_each_module_with_another_carrier(self):
        kafka, nats = self.broker(Kafka), self.broker(Nats)
        self.kill_under_load([kafka, nats], kafka__brokers=kafka.address, nats__urls=nats.details["url"], modules__order__carrier="kafka",
                             modules__payment__carrier="nats", modules__inventory__carrier="http")

    def kill_under_load(self, brokers, **settings):
        self.open_shop(self.split(MODULES, **{**self.SETTINGS, **settings}))
        processes = self.server.processes()
        customers = self.start_customers()
        for round_number in range(ROUNDS):
            time.sleep(self.random.uniform(0.05, 0.4))
            name = self.random.choice(sorted(processes))
            processes[name].kill()
            broker = self.random.choice(brokers)
            if round_number % 3 == 0:
                broker.kill()
                if round_number % 2 == 0:
                    broker.wipe()
            processes[name].launch()
            processes[name].wait_ready()
            if round_number % 3 == 0:
                broker.start()
        self.finish_and_audit(customers)


if __name__ == "__main__":
    unittest.main()
