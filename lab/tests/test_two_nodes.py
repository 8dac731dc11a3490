"""Two nodes, synchronous replication, as many sites have it; and what pgrex-tool says of each state."""
import json

from testbed.basics import wait_until
from testbed.scenario import ClusterTest


class TwoNodeCluster(ClusterTest):
    name = "two"
    example = "two-node-sync.crm"
    nodes = 2

    def status(self, node):
        """(exit code, verdict's level) as pgrex-tool has it on a node."""
        result = self.lab.exec(node, ["pgrex-tool", "status", "--json"], check=False)
        return result.returncode, json.loads(result.stdout)["verdict"]["level"]

    def wait_status(self, node, expected, timeout=30):
        wait_until(lambda: self.status(node) == expected, timeout, f"status {expected} on {node}", step=0.2)

    def test_power_cut_of_the_primary(self):
        """Proves: of two nodes one goes on alone, after fencing, and commits wait for nobody then."""
        former = self.lab.primary()
        with self.writing(15):
            self.lab.power_off(former)
            # Nobody fences it back to life meanwhile: what is off stays off for this look.
            survivor = self.wait_failover(former)
        self.assertTrue(any(former in line for line in self.fenced()), self.fenced())
        self.assertNotEqual(survivor, former)

    def test_network_cut_of_the_primary(self):
        """Proves: of two nodes that fence each other the one wins that clients can reach."""
        former = self.lab.primary()
        with self.writing(20):
            self.lab.cut(former)
            survivor = self.wait_failover(former)
        self.assertFalse(any(survivor in line for line in self.fenced()[len(self.fenced_before):]), self.fenced())

    def test_nodes_lose_sight_of_each_other(self):
        """Proves: when clients reach both nodes, the primary wins and goes on; nothing fails over."""
        primary = self.lab.primary()
        with self.writing(15):
            self.lab.part(*self.lab.nodes)
            wait_until(lambda: len(self.fenced()) > len(self.fenced_before), 30, "the fencing of the standby", step=0.05)
        # The standby's routes have gone with its power.
        self.lab.heal(primary)
        self.assertEqual(self.lab.primary(), primary)
        self.assertFalse(any(primary in line for line in self.fenced()[len(self.fenced_before):]), self.fenced())

    def setUp(self):
        self.fenced_before = self.fenced()

    def test_status_of_a_healthy_cluster(self):
        """Proves: from each node the same verdict, exit code 0."""
        for name in self.lab.nodes:
            self.wait_status(name, (0, "healthy"))

    def test_status_without_a_standby(self):
        """Proves: a primary without anybody to take over is called unprotected, exit code 2."""
        primary = self.lab.primary()
        standby = next(name for name in self.lab.nodes if name != primary)
        self.lab.set_standby(standby, True)
        wait_until(lambda: self.lab.roles().get(standby) == "stopped", 30, "a stopped standby", step=0.1)
        self.wait_status(primary, (2, "unprotected"))

    def test_status_without_fencing(self):
        """Proves: a cluster that may run two primaries is called unprotected."""
        primary = self.lab.primary()
        node = self.lab.any_node()
        node.exec(["crm_attribute", "-n", "stonith-enabled", "-v", "false"])
        try:
            self.wait_status(primary, (2, "unprotected"))
        finally:
            node.exec(["crm_attribute", "-n", "stonith-enabled", "-v", "true"])

    def test_status_when_all_is_down(self):
        """Proves: nobody serves: exit code 3, and it is said from any node."""
        node = self.lab.any_node()
        node.exec(["crm_resource", "-r", "pgsql-clone", "--meta", "-p", "target-role", "-v", "Stopped"])
        try:
            wait_until(lambda: set(self.lab.roles().values()) == {"stopped"}, 40, "all stopped", step=0.2)
            for name in self.lab.nodes:
                self.wait_status(name, (3, "down"))
        finally:
            node.exec(["crm_resource", "-r", "pgsql-clone", "--meta", "-d", "target-role"])

    def test_status_where_the_cluster_is_stopped(self):
        """Proves: local facts, marked so, on a node whose cluster services don't run."""
        primary = self.lab.primary()
        standby = next(name for name in self.lab.nodes if name != primary)
        self.lab.exec(standby, ["pkill", "-TERM", "-x", "pacemakerd"])
        wait_until(lambda: self.lab.exec(standby, ["pgrep", "-x", "pacemakerd"], check=False).returncode, 60,
                   "the end of the cluster services", step=0.1)
        said = self.lab.exec(standby, ["pgrex-tool", "status"], check=False).stdout
        self.assertIn("The cluster isn't running on this node: local facts only", said)
        self.lab.power_off(standby)
        wait_until(lambda: standby not in self.lab.online(), 30, "its leave", step=0.1)

    def test_watch(self):
        """Proves: --watch prints a look after another, and ends by a signal."""
        node = self.lab.primary()
        result = self.lab.exec(node, ["timeout", "-s", "INT", "3", "pgrex-tool", "status", "--watch", "1", "--json"],
                               check=False)
        looks = [json.loads(line) for line in result.stdout.splitlines() if line]
        self.assertGreaterEqual(len(looks), 2)
