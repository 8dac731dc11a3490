"""What scenarios on a real cluster share: one lab for a class of them, healed after each."""
import contextlib
import os
import pathlib
import time
import unittest

from .basics import PROJECT, LabError, wait_until
from .client import Writer
from .cluster import DIVERGED, failed_operations
from .lab import Lab


class ClusterTest(unittest.TestCase):
    """Scenarios that share a cluster. Each hurts it for real; afterwards it is made whole again."""

    name = "test"
    example = "three-node-sync.crm"
    nodes = 3

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(f"{cls.name}-{os.getpid()}", cls.nodes, PROJECT / ".build" / "release")
        cls.lab.up()
        try:
            cls.lab.configure(cls.configuration())
            cls.wait_whole()
        except BaseException:
            cls.lab.down()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.lab.down()

    @classmethod
    def configuration(cls):
        return pathlib.Path(PROJECT / "crm-examples" / cls.example).read_text(encoding="utf-8")

    @classmethod
    def wait_whole(cls, timeout=60):
        cls.lab.wait_healthy(timeout)

    def tearDown(self):
        """Makes the cluster whole: a node whose data have diverged gets new data, any other must come by itself."""
        lab = self.lab
        for name in lab.nodes:
            lab.heal(name)
            lab.power_on(name)
            lab.unhang(name)
        lab.wait_formed()
        for name in lab.nodes:
            lab.any_node().exec(["crm_attribute", "-N", name, "-n", "standby", "-D"], check=False)
        self.insist(self.is_noticed, 60, "every instance that died noticed by the cluster")
        lab.any_node().exec(["crm_resource", "--cleanup"], check=False)
        rebuilt = set()

        def is_whole():
            for name in self.refused() - rebuilt:
                rebuilt.add(name)
                lab.rebuild(name)
            with contextlib.suppress(LabError):
                self.wait_whole(timeout=0.2)
                return True
            return False
        self.insist(is_whole, 90, "the cluster whole again")

    def insist(self, condition, timeout, what):
        """Waits for a condition; shows the cluster when it doesn't come."""
        try:
            wait_until(condition, timeout, what, step=0.2)
        except LabError:
            self.show()
            raise

    def is_noticed(self):
        """No instance that the cluster believes to run is dead: a failure found after the cleanup would stay."""
        roles = self.lab.roles()
        return bool(roles) and all(self.lab.nodes[name].postmaster_lives() for name, role in roles.items()
                                   if role in ("promoted", "unpromoted"))

    def show(self):
        """Prints what an operator would look at, before the lab and its logs are gone."""
        for look in (["crm_mon", "-1Afrn"], ["pgrex-tool", "status"]):
            result = self.lab.any_node().exec(look, check=False, timeout=20)
            print(result.stdout, result.stderr, flush=True)
        for name in self.lab.nodes:
            print(f"{name}:", *self.log_of(name)[-25:], sep="\n  ", flush=True)

    def refused(self):
        """Nodes whose start was refused because their data have diverged."""
        return {name for name, reason in self.failures("start") if DIVERGED in reason}

    def failures(self, operation):
        """[(node, exit reason)] of the instance's failed operations."""
        return failed_operations(self.lab.try_cib(), operation)

    @contextlib.contextmanager
    def writing(self, seconds):
        """A writer around what hurts; afterwards no acknowledged row is lost, and the gap had its limit."""
        with Writer(self.lab) as writer:
            writer.wait_writing()
            start = time.monotonic()
            yield writer
            # Two more acknowledgements: the second one's gap is over.
            writer.wait_writing(timeout=90)
            writer.wait_writing()
            writer.stop()
            gap = writer.longest_gap(after=start)
            lost = writer.lost()
            print(f"  {self.id().split('.')[-1]}: longest gap {gap:.2f} s, {len(writer.acknowledged())} rows "
                  f"acknowledged, {len(lost)} lost", flush=True)
            self.assertEqual(lost, [], "acknowledged rows are lost")
            self.assertLess(gap, seconds, "the service was away for too long")

    def wait_failover(self, former, timeout=60):
        return self.lab.wait_primary(timeout, other_than=former)

    def log_of(self, node):
        """What the agent wrote on a node since it was switched on first."""
        text = (self.lab.nodes[node].directory / "var-log" / "pacemaker" / "pacemaker.log").read_text(errors="replace")
        return [line for line in text.splitlines() if "pgsql-swift(" in line]

    def fenced(self):
        """What the power controller was asked for."""
        path = self.lab.state / "power.log"
        return [line for line in path.read_text().splitlines() if line.startswith(("off", "reboot"))] if path.exists() else []
