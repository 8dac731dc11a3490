"""What scenarios on a real cluster share: one lab for a class of them, healed after each."""
import contextlib
import os
import pathlib
import time
import unittest

from . import healing
from .basics import PROJECT, LabError
from .client import Writer
from .cluster import failed_operations
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
        """Makes the cluster whole; shows it when that fails."""
        try:
            healing.make_whole(self.lab, lambda: self.wait_whole(timeout=0.2))
        except LabError:
            print(healing.picture(self.lab), flush=True)
            raise

    def refused(self):
        return healing.refused(self.lab)

    def failures(self, operation):
        """[(node, exit reason)] of the instance's failed operations."""
        return failed_operations(self.lab.try_cib(), operation)

    @contextlib.contextmanager
    def writing(self, seconds, **client):
        """A writer around what hurts; afterwards no acknowledged row is lost, and the gap had its limit."""
        with Writer(self.lab, **client) as writer:
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
        return healing.agent_lines(self.lab, node)

    def fenced(self):
        return healing.fenced(self.lab)
