"""`pgrex-tool switchover`, `stop` and `primary-start`: what an operator does on purpose."""
import json
import subprocess
import time

from testbed.basics import wait_until
from testbed.scenario import ClusterTest

CONSTRAINT = "pgrex-switchover-pgsql"


class Operator(ClusterTest):
    name = "operator"

    def tool(self, node, *words):
        result = self.lab.exec(node, ["pgrex-tool", *words], check=False, timeout=300)
        return result.returncode, result.stdout, result.stderr

    def roles(self):
        primary, synchronous = self.lab.primary(), self.lab.synchronous()[0]
        other, = set(self.lab.nodes) - {primary, synchronous}
        return primary, synchronous, other

    def has_constraint(self):
        tree = self.lab.cib()
        return any(element.get("id") == CONSTRAINT for element in tree.iter("rsc_location"))

    def wait_constraint(self, process):
        """Until the switchover that runs has its constraint in the CIB; fails with what it said if it ended before."""
        while not self.has_constraint():
            if process.poll() is not None:
                self.fail(f"it ended with {process.returncode} and no constraint: {' '.join(process.communicate())}")
            time.sleep(0.02)

    def target_role(self):
        return [pair.get("value") for pair in self.lab.cib().iter("nvpair") if pair.get("name") == "target-role"]

    def tool_in_background(self, node, *words):
        return subprocess.Popen(self.lab.nodes[node].command(["pgrex-tool", *words]), cwd="/", text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def system(self, node):
        """A base backup is another inode of PG_VERSION; the data directory stays what it was."""
        return (self.lab.nodes[node].data_directory / "PG_VERSION").stat().st_ino

    def test_switchover(self):
        """Proves: one command from any node moves the primary under load; no acknowledged row is lost, the gap is short, the
        former primary follows without new data, and nothing is left in the configuration."""
        primary, synchronous, other = self.roles()
        before = self.system(primary)
        code, said, _ = self.tool(other, "switchover", "--dry-run", "--json")
        plan = json.loads(said)
        self.assertEqual((code, plan["from"], plan["to"], plan["outcome"]), (0, primary, synchronous, "planned"))
        self.assertEqual(self.tool(other, "switchover")[0], 2, "nobody has confirmed it")
        self.assertEqual(self.lab.primary(), primary)
        with self.writing(20):
            code, said, complaint = self.tool(other, "switchover", "--yes")
        self.assertEqual(code, 0, said + complaint)
        self.assertIn(f"{primary} follows it", said)
        self.assertEqual(self.lab.primary(), synchronous)
        self.assertFalse(self.has_constraint())
        self.assertEqual(self.system(primary), before)
        self.assertEqual(self.tool(other, "switchover", synchronous)[:2], (0, f"{synchronous} is the primary already.\n"))
        self.wait_whole()

    def test_switchover_refused(self):
        """Proves: a node that may lack commits, that is stopped or that has failures doesn't take over; the reason is said,
        and nothing is changed."""
        primary, synchronous, other = self.roles()
        code, _, complaint = self.tool(other, "switchover", other, "--yes")
        self.assertEqual(code, 2)
        self.assertIn("may lack acknowledged commits", complaint)
        self.assertIn(f"'pgrex-tool switchover {synchronous}' would do", complaint)
        self.assertIn("there are pg1, pg2, pg3", self.tool(primary, "switchover", "nobody", "--yes")[2])
        self.lab.set_standby(other, True)
        self.assertIn("standby mode", self.tool(primary, "switchover", other, "--yes")[2])
        self.lab.set_standby(other, False)
        self.wait_whole()
        self.lab.exec(primary, ["crm", "-F", "configure", "location", "keep-away", "pgsql-clone", "role=Master", "-inf:",
                                synchronous])
        code, _, complaint = self.tool(primary, "switchover", synchronous, "--yes")
        self.lab.exec(primary, ["crm", "-F", "configure", "delete", "keep-away"])
        self.assertEqual(code, 2)
        self.assertIn("keep-away", complaint)
        self.lab.exec(primary, ["crm_attribute", "-t", "crm_config", "-n", "maintenance-mode", "-v", "true"])
        code, _, complaint = self.tool(primary, "switchover", "--yes")
        self.lab.exec(primary, ["crm_attribute", "-t", "crm_config", "-n", "maintenance-mode", "-D"])
        self.assertEqual(code, 2)
        self.assertIn("maintenance mode", complaint)
        self.assertEqual(self.lab.primary(), primary)
        self.assertFalse(self.has_constraint())

    def test_killed_switchover(self):
        """Proves: a switchover whose command is ended leaves no constraint; one that is killed leaves one that ends by
        itself, and that the next run removes."""
        primary, synchronous, _ = self.roles()
        process = self.tool_in_background(primary, "switchover", "--yes")
        self.wait_constraint(process)
        self.lab.exec(primary, ["pkill", "-TERM", "-x", "pgrex-tool"])
        _, complaint = process.communicate(timeout=120)
        self.assertIn(process.returncode, (3, 4))
        self.assertFalse(self.has_constraint())
        # A demotion that had begun is over, and what is said of the primary stays true.
        self.assertRegex(complaint, f"{self.lab.primary()} is the primary|follow {self.lab.primary()} yet")
        self.wait_whole()

        primary, synchronous, other = self.roles()
        process = self.tool_in_background(primary, "switchover", "--yes", "--wait", "5")
        self.wait_constraint(process)
        self.lab.exec(primary, ["pkill", "-KILL", "-x", "pgrex-tool"])
        process.communicate(timeout=120)
        self.assertEqual(self.lab.wait_primary(60, other_than=primary), synchronous)
        self.wait_whole()
        self.assertTrue(self.has_constraint())
        code, _, complaint = self.tool(other, "switchover", "--yes")
        self.assertEqual(code, 2, "it may be under way still, as far as another node knows")
        self.assertIn(f"was begun on {primary}", complaint)
        code, said, complaint = self.tool(primary, "switchover", synchronous)
        self.assertEqual((code, said), (0, f"{synchronous} is the primary already.\n"), complaint)
        self.assertFalse(self.has_constraint())

    def test_stop_of_a_standby(self):
        """Proves: a standby is stopped from another node, stays stopped, and comes back by one command; what an operator stopped
        otherwise isn't started."""
        primary, _, other = self.roles()
        code, said, complaint = self.tool(primary, "stop", other)
        self.assertEqual(code, 0, said + complaint)
        self.assertEqual(self.lab.roles().get(other), "stopped")
        self.assertTrue(self.lab.attribute(other, "pgsql-stopped").startswith("stopped=node by="))
        self.assertIn(f"Next, on {other}: pgrex-tool rejoin", self.tool(primary, "status")[1])
        self.assertEqual(self.tool(primary, "stop", other)[0], 0)
        code, said, complaint = self.tool(other, "rejoin")
        self.assertEqual(code, 0, said + complaint)
        self.assertIsNone(self.lab.attribute(other, "pgsql-stopped"))
        self.wait_whole()
        self.lab.set_standby(other, True)
        wait_until(lambda: self.lab.roles().get(other) == "stopped", 60, f"{other} stopped", step=0.1)
        code, _, complaint = self.tool(other, "rejoin")
        self.assertEqual(code, 2)
        self.assertIn("standby mode", complaint)
        self.lab.set_standby(other, False)
        self.wait_whole()

    def test_stop_of_the_primary(self):
        """Proves: stopping the primary is asked first and recommends a switchover; confirmed, the best standby takes over and
        the stopped node comes back as a standby."""
        primary, synchronous, _ = self.roles()
        code, said, complaint = self.tool(primary, "stop")
        self.assertEqual(code, 2)
        self.assertIn("pgrex-tool switchover", said)
        self.assertIn("--yes confirms", complaint)
        self.assertEqual(self.lab.primary(), primary)
        with self.writing(20):
            code, said, complaint = self.tool(primary, "stop", "--yes")
            self.assertEqual(code, 0, said + complaint)
            self.assertEqual(self.lab.wait_primary(60, other_than=primary), synchronous)
        self.assertEqual(self.tool(primary, "rejoin")[0], 0)
        self.wait_whole()

    def test_stop_and_start_of_all(self):
        """Proves: all three stop by one command, each with all data; one command starts them, and nobody needs a copy."""
        primary, synchronous, other = self.roles()
        self.lab.psql(primary, "CREATE TABLE IF NOT EXISTS stopped_all (id int); INSERT INTO stopped_all VALUES (1)")
        before = {name: self.system(name) for name in self.lab.nodes}
        code, said, complaint = self.tool(other, "stop", "--all", "--yes")
        self.assertEqual(code, 0, said + complaint)
        self.assertEqual(set(self.lab.roles().values()), {"stopped"})
        self.assertEqual(self.target_role(), ["Stopped"])
        self.assertIn("Next: pgrex-tool primary-start", self.tool(primary, "status")[1])
        self.assertEqual(self.tool(primary, "primary-start", "--dry-run")[0], 0)
        self.assertEqual(self.target_role(), ["Stopped"], "a dry run has changed something")
        start = time.monotonic()
        code, said, complaint = self.tool(primary, "primary-start")
        self.assertEqual(code, 0, said + complaint)
        self.wait_whole()
        print(f"  primary and standbys {time.monotonic() - start:.1f} s after primary-start", flush=True)
        self.assertEqual(self.target_role(), [])
        self.assertEqual({name: self.lab.attribute(name, "pgsql-stopped") for name in self.lab.nodes},
                         dict.fromkeys(self.lab.nodes))
        self.assertEqual({name: self.system(name) for name in self.lab.nodes}, before)
        self.assertIn("1", self.lab.psql(self.lab.primary(), "SELECT count(*) FROM stopped_all"))

    def test_nodes_stopped_one_by_one(self):
        """Proves: as with pg-rex_stop, standbys then the primary; primary-start on the last primary brings it up, and rejoin the
        others. Where the last primary is missing, primary-start promotes nobody and names who is missed."""
        primary, synchronous, other = self.roles()
        for name in (other, synchronous, primary):
            code, said, complaint = self.tool(name, "stop", "--yes")
            self.assertEqual(code, 0, said + complaint)
        self.lab.wait_formed()
        code, said, complaint = self.tool(other, "primary-start", "--wait", "15")
        self.assertEqual(code, 3, said + complaint)
        self.assertIn(primary, complaint)
        self.assertIsNone(self.lab.try_primary())
        code, said, complaint = self.tool(primary, "primary-start")
        self.assertEqual(code, 0, said + complaint)
        self.assertEqual(self.lab.wait_primary(60), primary)
        self.assertEqual(self.tool(synchronous, "rejoin")[0], 0)
        self.wait_whole()
