"""The bench: what it holds its figures against, what it writes, and the agent that does nothing."""
import os
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as xml

from testbed import bench_report, configuration
from testbed.bench_case import Case, membership_times
from testbed.bench_contenders import CONTENDERS, EXAMPLE
from testbed.bench_limits import checks
from testbed.bench_measures import MEASUREMENTS, finish, measured
from testbed.bench_monitors import PRIMARY, STANDBY

SECONDS = {"formation": 8, "standby-killed": 0.4, "standby-power-cut": 4, "switchover": 0.9, "postmaster-killed": 0.5,
           "power-cut": 4.5, "hang": 6, "hang-watched": 2.5, "report": 0.4}


def sample(seconds, reason="", lost=0):
    return {"value": None if reason else seconds, "reason": reason, "acknowledged": 100, "lost": lost,
            "facts": {"address": seconds, "fencing": 0.2}}


def results():
    """Figures that keep every limit."""
    samples = {key: {name: [sample(SECONDS[name])] * 3 for name, measurement in MEASUREMENTS.items()
                     if key not in measurement.without} for key in CONTENDERS}
    ours = {"median": 8, "high": 9, "processor": 5, "commands": 1, "processes": 1, "connections": 1}
    theirs = {**ours, "median": 400, "high": 500, "processes": 150}
    monitors = {key: {"3": {PRIMARY: figures, STANDBY: figures}} for key, figures in (("ours", ours), ("pgsql", theirs))}
    return {"began": "", "machine": "", "runs": 3, "monitor_runs": 50, "membership": (1.65, 1.98), "samples": samples,
            "monitors": monitors, "rest": {"ours": {"primary": 0.003, "standby": 0.002}}, "notes": [], "seconds": 60}


def broken(found):
    return [what for holds, what in checks(found) if not holds]


class Limits(unittest.TestCase):
    def test_kept(self):
        """Proves: figures below every limit keep all of them."""
        self.assertEqual(broken(results()), [])

    def test_each_is_held(self):
        """Proves: a median above its limit, a run without a value and a lost row are seen, each by itself."""
        for key, seconds in (("formation", 10.0), ("standby-killed", 0.51), ("switchover", 1.01), ("power-cut", 5.04),
                             ("hang", 12.1), ("hang-watched", 3.1)):
            found = results()
            found["samples"]["ours"][key] = [sample(seconds)] * 2 + [sample(0.1)]
            self.assertEqual(len(broken(found)), 1, key)
        found = results()
        found["samples"]["ours"]["hang"] = [sample(1), sample(0, "not recovered within 90 s")]
        self.assertEqual(broken(found), ["postmaster hangs, longest gap: not recovered within 90 s"])
        found = results()
        found["samples"]["ours"]["hang"] = [sample(1, lost=1)]
        self.assertEqual(len(broken(found)), 2)

    def test_floor(self):
        """Proves: what ours takes above an agent that does nothing is held against the floor of the same run."""
        found = results()
        found["samples"]["floor"]["report"] = [sample(0.14)]
        self.assertEqual(len(broken(found)), 1)

    def test_not_measured(self):
        """Proves: what wasn't measured is neither kept nor broken."""
        found = {**results(), "samples": {}, "monitors": {}, "rest": {}}
        self.assertTrue(all(holds is None for holds, what in checks(found) if "lost" not in what))


class Document(unittest.TestCase):
    def test_written(self):
        """Proves: page and picture are written, and a contender's reason is in both."""
        found = results()
        found["samples"]["pgsql"]["hang"] = [sample(0, "not recovered within 90 s")]
        with tempfile.TemporaryDirectory() as directory:
            bench_report.write(found, pathlib.Path(directory))
            page = pathlib.Path(directory, "benchmarks.md").read_text()
            picture = pathlib.Path(directory, "benchmarks.svg").read_text()
        xml.fromstring(picture)
        self.assertIn("heartbeat/pgsql: not recovered within 90 s", page)
        self.assertIn("heartbeat/pgsql: not recovered within 90 s", picture)


class Configurations(unittest.TestCase):
    def test_variants(self):
        """Proves: the example becomes PAF's, the floor's and that of five nodes, with nothing of ours left."""
        text = EXAMPLE.read_text()
        for change in (configuration.for_paf, configuration.for_floor):
            made = configuration.statements(change(text))
            agent = next(each for each in made if "primitive pgsql" in each)
            self.assertNotIn("rep_mode", agent)
            self.assertIn("op monitor interval=3s", agent)
            self.assertFalse(any("vip-reader" in each for each in made))
        five = configuration.resized(text, [f"pg{n}" for n in range(1, 6)])
        self.assertIn('node_list="pg1 pg2 pg3 pg4 pg5"', five)
        self.assertIn("clone-max=5", five)
        self.assertEqual(five.count("stonith:fence_pglab"), 5)


class Floor(unittest.TestCase):
    def test_moves(self):
        """Proves: the address moves with the role of an agent that does nothing; the cluster is whole afterwards."""
        case = Case(CONTENDERS["floor"], f"floor-{os.getpid()}", None)
        try:
            case.up()
            self.assertEqual(membership_times(case.lab), (1.65, 1.98))
            case.form()
            case.settle()
            former = case.lab.primary()
            found = measured(case, MEASUREMENTS["report"].run)
            self.assertEqual(found.reason, "")
            self.assertGreater(found.value, 0)
            finish(case, found)
            self.assertNotEqual(case.lab.primary(), former)
        finally:
            case.down()
