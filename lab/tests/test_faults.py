"""What the runner of the fault scenarios takes for a proof, and that every scenario's file is one."""
import unittest

from testbed import fault
from testbed.writers import Insert, two_writers


def rows(*inserts):
    """Inserts from (node, timeline, sent, acknowledged)."""
    return [Insert(row, acknowledged, sent, timeline, node)
            for row, (node, timeline, sent, acknowledged) in enumerate(inserts)]


class TwoWriters(unittest.TestCase):
    def test_a_failover_is_none(self):
        """Proves: one writer after the other is no proof, nor is a role that goes back."""
        self.assertIsNone(two_writers(rows(("pg1", 1, 0, 1), ("pg2", 2, 2, 3), ("pg1", 3, 4, 5))))

    def test_an_old_primary_that_goes_on(self):
        """Proves: an insert on a lower timeline that was sent after one on a higher was acknowledged is a proof."""
        self.assertIn("pg1", two_writers(rows(("pg1", 1, 0, 1), ("pg2", 2, 2, 3), ("pg1", 1, 4, 5))))

    def test_an_answer_that_comes_late(self):
        """Proves: an insert that was sent before may have been taken before."""
        self.assertIsNone(two_writers(rows(("pg1", 1, 0, 1), ("pg1", 1, 1.5, 9), ("pg2", 2, 2, 3))))

    def test_through_the_virtual_address(self):
        """Proves: it needn't be known which node the address led to."""
        self.assertIsNotNone(two_writers(rows((None, 1, 0, 1), ("pg2", 2, 2, 3), (None, 1, 4, 5))))

    def test_one_timeline_on_two_nodes(self):
        """Proves: two nodes that took the same number count when they take turns, not when one follows the other."""
        self.assertIsNone(two_writers(rows(("pg1", 2, 0, 1), ("pg2", 2, 2, 3), ("pg2", 2, 4, 5))))
        self.assertIsNotNone(two_writers(rows(("pg1", 2, 0, 1), ("pg2", 2, 2, 3), ("pg1", 2, 4, 5))))

    def test_the_address_and_its_node(self):
        """Proves: the virtual IP's writer and that beside the same server are no two servers."""
        self.assertIsNone(two_writers(rows((None, 1, 0, 1), ("pg1", 1, 0, 2), (None, 1, 3, 4), ("pg1", 1, 3, 5))))


class Scenarios(unittest.TestCase):
    def test_each_says_what_it_proves_and_how_it_hurts(self):
        """Proves: every file of lab/scenarios can be read, and has its header."""
        found = fault.scenarios()
        self.assertTrue(found)
        for scenario in found:
            text = (fault.SCENARIOS / f"{scenario.name}.py").read_text(encoding="ascii")
            self.assertRegex(text, r"\nProves: .*\nHurts: ", scenario.name)
