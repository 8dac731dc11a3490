"""Three nodes, synchronous replication, under a writer: whatever one thing is killed, no acknowledged row is lost."""
import re
import time

from testbed.basics import wait_until
from testbed.scenario import ClusterTest

# Of a node, below its own directory.
PACEMAKER_LOG = "var-log/pacemaker/pacemaker.log"
SERVER_LOG = "postgresql/server.log"


def time_of_day(line):
    """When a line of either log was written, as text that sorts."""
    return re.search(r"\d\d:\d\d:\d\d\.\d{3}", line).group()


class SynchronousCluster(ClusterTest):
    name = "sync"

    def test_postmaster_killed(self):
        """Proves: failover without fencing; the former primary is an ancestor and comes back by itself."""
        former = self.lab.primary()
        with self.writing(10):
            self.lab.kill_postmaster(former)
            self.wait_failover(former)
        self.assertEqual(self.fenced(), self.fenced_before)

    def test_power_cut_of_the_primary(self):
        """Proves: the lost node is fenced before another is promoted."""
        former = self.lab.primary()
        with self.writing(15):
            self.lab.power_off(former)
            self.wait_failover(former)
        self.assertTrue(any(former in line for line in self.fenced()), self.fenced())

    def test_network_cut_of_the_primary(self):
        """Proves: a primary that is cut off acknowledges nothing that the new one lacks (S1, S2)."""
        former = self.lab.primary()
        with self.writing(20):
            self.lab.cut(former)
            self.wait_failover(former)
        self.assertTrue(any(former in line for line in self.fenced()), self.fenced())

    def test_hung_primary(self):
        """Proves: a halted instance is found, ended and replaced."""
        former = self.lab.primary()
        with self.writing(15):
            self.lab.hang(former)
            self.wait_failover(former)

    def test_switchover(self):
        """Proves: a planned switchover loses nothing and leaves the former primary able to follow at once."""
        former = self.lab.primary()
        with self.writing(10):
            self.lab.set_standby(former, True)
            self.wait_failover(former)
            self.lab.set_standby(former, False)
            self.wait_whole()
        self.assertEqual(self.failures("start"), [])
        self.assertEqual(self.refused(), set())

    def test_standby_mode_taken_back(self):
        """Proves: a standby mode that is taken back in the middle of the switchover leaves no failure behind; the node
        follows without an operator, and clients don't wait for it."""
        moments = {
            "before the stop": lambda former: wait_until(
                lambda: not self.lab.nodes[former].postmaster_lives(), 30, "the shutdown", step=0.01),
            "after the promotion": lambda former: wait_until(
                lambda: self.is_promoted(former), 30, "the promotion", step=0.01)}
        for moment, wait in moments.items():
            former = self.lab.primary()
            with self.writing(8):
                self.lab.set_standby(former, True)
                wait(former)
                self.lab.set_standby(former, False)
                self.wait_failover(former)
            self.wait_whole()
            for operation in ("start", "monitor", "promote"):
                self.assertEqual(self.failures(operation), [], f"taken back {moment}")

    def is_promoted(self, former):
        """Whether another server has left recovery: sooner than the cluster knows it."""
        return any(not (node.data_directory / "standby.signal").exists() for name, node in self.lab.nodes.items()
                   if name != former)

    def test_demotion_leaves_a_standby(self):
        """Proves: `demote` alone leaves a running, streaming standby (ban from the promoted role, D9)."""
        former = self.lab.primary()
        stop_before = self.count_operations(former, "stop")
        with self.writing(10):
            self.lab.any_node().exec(
                ["crm", "-F", "configure", "location", "elsewhere", "pgsql-clone", "role=Master", "-inf:", former])
            self.wait_failover(former)
            self.wait_whole()
        self.lab.any_node().exec(["crm", "-F", "configure", "delete", "elsewhere"])
        self.assertEqual(self.lab.roles()[former], "unpromoted")
        self.assertEqual(self.count_operations(former, "stop"), stop_before)

    def count_operations(self, node, operation):
        lines = (self.lab.nodes[node].directory / "var-log" / "pacemaker" / "pacemaker.log").read_text(errors="replace")
        return lines.count(f"Result of {operation} operation for pgsql on {node}")

    def test_synchronous_standby_killed(self):
        """Proves: commits go on, and the standby that was waited for was recorded as not promotable first (S2)."""
        primary, standby = self.lab.primary(), self.lab.synchronous()[0]
        logs = [self.lab.nodes[primary].directory / path for path in (PACEMAKER_LOG, SERVER_LOG)]
        former = [len(path.read_bytes()) for path in logs]
        with self.writing(10):
            self.lab.kill_postmaster(standby)
            wait_until(lambda: self.lab.attribute(standby, "master-pgsql") == "-INFINITY", 30, "the record", step=0.1)
        cib, server = [path.read_bytes()[length:].decode(errors="replace") for path, length in zip(logs, former)]
        # Before another is waited for the record says "one of these two", or nobody.
        records = [line for line in cib.splitlines() if "pgsql-record']:" in line
                   and f"count=1 member={standby} timeline" not in line]
        changes = [line for line in server.splitlines() if '"synchronous_standby_names"' in line]
        self.assertTrue(records and changes, (records, changes))
        self.assertLess(time_of_day(records[0]), time_of_day(changes[0]))

    def test_power_cut_of_the_synchronous_standby(self):
        """Proves: commits wait until the lost standby is fenced, and go on then, not at the server's own timeout."""
        standby = self.lab.synchronous()[0]
        with self.writing(20):
            self.lab.power_off(standby)
            wait_until(lambda: standby not in self.lab.synchronous(), 30, "another synchronous standby", step=0.1)

    def test_hung_standby(self):
        """Proves: a halted standby is replaced in the synchronous set."""
        standby = self.lab.synchronous()[0]
        with self.writing(15):
            self.lab.hang(standby)
            wait_until(lambda: standby not in self.lab.synchronous(), 40, "another synchronous standby", step=0.1)

    def test_corosync_killed_on_the_primary(self):
        """Proves: a node without cluster services is fenced, and its rows are not lost."""
        former = self.lab.primary()
        with self.writing(15):
            self.lab.exec(former, ["pkill", "-KILL", "-x", "corosync"])
            self.wait_failover(former)

    def test_diverged_primary_is_refused(self):
        """Proves: data with commits of their own never serve again by themselves (S4), and the reason says where."""
        former = self.lab.primary()
        self.lab.cut(former)
        # A commit that waits for nobody: what a primary that is cut off may still write.
        self.lab.psql(former, "SET synchronous_commit = local; CREATE TABLE only_here ()")
        self.wait_failover(former)
        self.lab.heal(former)
        self.lab.power_on(former)
        wait_until(lambda: former in self.refused(), 60, f"the refusal on {former}", step=0.2)
        reason = dict(self.failures("start"))[former]
        self.assertRegex(reason, r"own records after timeline \d+ LSN [0-9A-F]+/[0-9A-F]+")
        self.assertEqual(self.lab.nodes[former].server_processes(), [])

    def test_all_power_cut(self):
        """Proves: after a cold start of all nodes the last primary's data serve again, all acknowledged rows included."""
        with self.writing(90):
            for name in self.lab.nodes:
                self.lab.power_off(name)
            for name in self.lab.nodes:
                self.lab.power_on(name)
            self.lab.wait_primary(80)

    def test_agent_killed_between_effects(self):
        """Proves: whenever a monitor is killed, the next one goes on, and the record never says too much (S2)."""
        primary = self.lab.primary()
        standby = self.lab.synchronous()[0]
        with self.writing(40):
            self.lab.kill_postmaster(standby)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                self.lab.exec(primary, ["pkill", "-KILL", "-f", "heartbeat/pgsql-swift monitor"], check=False)
            wait_until(lambda: standby not in self.lab.synchronous(), 40, "the record", step=0.1)
            # As an operator does: a killed monitor is a failure of the primary too, and when both had to stop before
            # the record named the third node, that one rightly waits for them.
            self.lab.any_node().exec(["crm_resource", "--cleanup"], check=False)

    def test_candidate_cut_off_while_promoting(self):
        """Proves: a candidate that is cut off in the middle of its promotion is fenced, and no acknowledged row is lost."""
        former, candidate = self.lab.primary(), self.lab.synchronous()[0]
        with self.writing(90):
            self.lab.kill_postmaster(former)
            wait_until(lambda: self.is_promoting(candidate), 30, f"the promotion of {candidate}", step=0.001)
            self.lab.cut(candidate)
            wait_until(lambda: any(candidate in line for line in self.newly_fenced()), 60, "its fencing")
            self.lab.heal(candidate)
            # As an operator does: the former primary's failure was this test's doing.
            self.lab.any_node().exec(["crm_resource", "--cleanup"], check=False)

    def is_promoting(self, name):
        return self.lab.exec(name, ["pgrep", "-f", "heartbeat/pgsql-swift promote"], check=False).returncode == 0

    def newly_fenced(self):
        return self.fenced()[len(self.fenced_before):]

    def setUp(self):
        self.fenced_before = self.fenced()
