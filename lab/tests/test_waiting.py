"""The only node that holds everything is away: the others wait for it, and an operator may give it up."""
import json
import time

from testbed import healing
from testbed.basics import wait_until
from testbed.scenario import ClusterTest


class MissingPrimary(ClusterTest):
    name = "waiting"

    def set_standby(self, names, is_standby):
        for name in names:
            self.lab.set_standby(name, is_standby)

    def leave(self, name):
        """A node leaves the cluster in order, so that it isn't fenced, and is switched off."""
        self.lab.exec(name, ["pkill", "-TERM", "-x", "pacemakerd"])
        wait_until(lambda: self.lab.exec(name, ["pgrep", "-x", "pacemakerd"], check=False).returncode, 60,
                   "the end of the cluster services", step=0.1)
        self.lab.power_off(name)

    def lose(self):
        """The primary acknowledges a row alone and goes away; (its name, the others' names) once they wait for it."""
        self.row = time.time_ns()
        primary = self.lab.primary()
        others = [name for name in self.lab.nodes if name != primary]
        self.set_standby(others, True)
        wait_until(lambda: all(self.lab.roles().get(name) == "stopped" for name in others), 40, "stopped standbys",
                   step=0.1)
        self.lab.psql(primary, f"INSERT INTO lab_rows (id) VALUES ({self.row})")
        self.leave(primary)
        self.set_standby(others, False)
        wait_until(lambda: all(self.says(name, primary) for name in others), 60, f"nodes that wait for {primary}",
                   step=0.2)
        return primary, others

    def says(self, node, awaited):
        said = self.lab.exec(node, ["pgrex-tool", "status"], check=False)
        return said.returncode == 3 and awaited in said.stdout and "--accept-loss" in said.stdout

    def failover(self, node, *words):
        result = self.lab.exec(node, ["pgrex-tool", "failover", *words], check=False, timeout=100)
        return result.returncode, result.stdout, result.stderr

    def plan(self, node):
        code, said, _ = self.failover(node, "--dry-run", "--json")
        return json.loads(said) if code == 0 else None

    def rows(self, node):
        return self.lab.psql(node, f"SELECT count(*) FROM lab_rows WHERE id = {self.row}")

    def test_it_comes_back(self):
        """Proves: whoever lacks acknowledged commits waits, says for whom, and follows when that node is back."""
        primary, _ = self.lose()
        self.lab.power_on(primary)
        self.assertEqual(self.lab.wait_primary(60), primary)
        self.assertEqual(self.rows(primary), "1")
        self.wait_whole()

    def test_it_is_given_up(self):
        """Proves: the one way on says what is lost, takes nothing but the right names, records it, and keeps the data."""
        primary, others = self.lose()
        # Refused while nobody has told a position.
        plan = wait_until(lambda: self.plan(others[0]), 40, "a plan of what is lost", step=0.2)
        self.assertEqual(plan["given_up"], [primary])
        for words in ([], ["--give-up", others[1]], ["--give-up", ""]):
            code, said, complaint = self.failover(others[0], "--accept-loss", *words)
            self.assertEqual(code, 2, said)
            self.assertIn(primary, complaint)
            self.assertIn("LOST", said)
        self.assertIsNone(self.lab.try_primary())
        code, said, complaint = self.failover(others[0], "--accept-loss", "--give-up", primary, "--json")
        self.assertEqual(code, 0, said + complaint)
        candidate = json.loads(said)["candidate"]
        self.assertEqual(json.loads(said)["outcome"], candidate)
        self.assertEqual(self.lab.wait_primary(20), candidate)
        self.assertIn(f"given-up={primary}", self.lab.attribute(candidate, "pgsql-accepted-loss"))
        self.assertEqual(self.rows(candidate), "0")
        self.lab.power_on(primary)
        wait_until(lambda: primary in healing.refused(self.lab), 60, f"a refused start of {primary}", step=0.2)
        self.assertTrue((self.lab.nodes[primary].data_directory / "PG_VERSION").exists())
