"""`pgrex-tool rejoin`: a failed node comes back."""
import json

from testbed.basics import wait_until
from testbed.scenario import ClusterTest


class Rejoin(ClusterTest):
    name = "rejoin"

    def rejoin(self, node, *words):
        result = self.lab.exec(node, ["pgrex-tool", "rejoin", *words], check=False, timeout=100)
        return result.returncode, result.stdout, result.stderr

    def fail(self, name):
        """The instance dies, and the cluster leaves it to an operator."""
        self.lab.kill_postmaster(name)
        wait_until(lambda: self.lab.roles().get(name) == "stopped", 60, f"{name} given up by the cluster", step=0.1)

    def test_failed_primary_follows(self):
        """Proves: a primary that died and was replaced comes back by one command, which says what it found; not before it."""
        primary = self.lab.primary()
        self.fail(primary)
        new = self.lab.wait_primary(60, other_than=primary)
        code, said, _ = self.rejoin(primary, "--dry-run", "--json")
        plan = json.loads(said)
        self.assertEqual((code, plan["plan"], plan["primary"], plan["outcome"]), (0, "follow", new, "planned"))
        self.assertNotEqual(self.lab.roles().get(primary), "unpromoted", "a dry run has changed something")
        code, said, complaint = self.rejoin(primary)
        self.assertEqual(code, 0, said + complaint)
        self.assertIn(f"{primary} follows {new}", said)
        self.assertTrue(self.lab.streams(primary, new))
        self.assertEqual(self.rejoin(primary)[:2], (0, f"{primary} follows already.\n"))
        self.wait_whole()

    def test_data_that_cant_go_on(self):
        """Proves: what can't follow is said, with the commands for a copy; nothing is touched; those commands bring it back."""
        primary = self.lab.primary()
        victim = next(name for name in self.lab.nodes if name != primary)
        self.assertEqual(self.rejoin(primary)[0], 2, "the primary")
        self.assertEqual(self.rejoin(victim, primary)[0], 2, "another node's data")
        self.fail(victim)
        data = self.lab.nodes[victim].data_directory
        aside = data.with_name("aside")
        data.rename(aside)
        data.mkdir()
        code, said, _ = self.rejoin(victim, "--json")
        plan = json.loads(said)
        self.assertEqual((code, plan["plan"]), (2, "copy"))
        self.assertTrue(data.exists() and aside.exists())
        *commands, last = plan["commands"]
        for command in commands:
            self.lab.exec(victim, ["sh", "-c", command], timeout=100)
        code, said, complaint = self.rejoin(victim)
        self.assertEqual((last, code), ("pgrex-tool rejoin", 0), said + complaint)
        self.assertTrue(self.lab.streams(victim, primary))
        self.wait_whole()
