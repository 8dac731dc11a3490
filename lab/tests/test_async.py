"""Three nodes, asynchronous replication: one standby is always promotable, and follows the furthest."""
import time

from testbed.basics import wait_until
from testbed.client import Writer
from testbed.scenario import ClusterTest


class AsynchronousCluster(ClusterTest):
    name = "async"
    example = "three-node-async.crm"

    @classmethod
    def wait_whole(cls, timeout=60):
        cls.lab.wait_ranked(timeout)

    def test_failover(self):
        """Proves: of two standbys with the same WAL the first of the ranked ones is promoted, and writing goes on."""
        former = self.lab.primary()
        expected = next(n for n, values in self.lab.attributes().items() if values.get("master-pgsql") == "100")
        with Writer(self.lab) as writer:
            writer.wait_writing()
            writer.stop()
        # One that has received more goes first, whatever its rank.
        wait_until(lambda: self.lab.psql(former, "SELECT bool_and(flush_lsn = pg_current_wal_lsn()) "
                                                 "FROM pg_stat_replication", check=False) == "t",
                   30, "standbys with all the WAL", step=0.1)
        start = time.monotonic()
        self.lab.power_off(former)
        self.assertEqual(self.lab.wait_primary(60, other_than=former), expected)
        with Writer(self.lab) as writer:
            writer.wait_writing(timeout=60)
            writer.stop()
        seconds = time.monotonic() - start
        print(f"  test_failover: writing goes on {seconds:.2f} s after the power cut", flush=True)
        self.assertLess(seconds, 15)

    def test_commits_wait_for_nobody(self):
        """Proves: asynchronous commits go on without any standby."""
        primary = self.lab.primary()
        self.assertEqual(self.lab.psql(primary, "SHOW synchronous_standby_names"), "")
        with self.writing(2):
            for name in self.lab.nodes:
                if name != primary:
                    self.lab.kill_postmaster(name)
            wait_until(lambda: all(values.get("pgsql-data-status") == "DISCONNECT" for name, values
                                   in self.lab.attributes().items() if name != primary), 30, "the record", step=0.1)


class OCFTester(ClusterTest):
    """ocf-tester, asynchronous mode, on a node of a cluster that doesn't run the resource."""
    name = "tester"
    nodes = 1

    @classmethod
    def configuration(cls):
        return "property stonith-enabled=false no-quorum-policy=ignore\n"

    @classmethod
    def wait_whole(cls, timeout=60):
        cls.lab.wait_formed(timeout)

    def tearDown(self):
        pass

    def run_tester(self, *options):
        words = ["ocf-tester", "-n", "pgsql", "-o", "pgdata=/var/lib/postgresql/data", "-o",
                 "tmpdir=/var/lib/postgresql/tmp", *options, "/usr/lib/ocf/resource.d/heartbeat/pgsql-swift"]
        result = self.lab.exec("pg1", ["env", "OCF_ROOT=/usr/lib/ocf", *words], check=False, timeout=120)
        self.assertIn("passed all tests", result.stdout, result.stdout + result.stderr)
        self.assertEqual(result.returncode, 0)
        return result.stdout

    def test_mode_none(self):
        """Proves: ocf-tester passes for rep_mode none."""
        self.run_tester()

    def test_mode_async(self):
        """Proves: ocf-tester passes for rep_mode async, promote and demote included."""
        said = self.run_tester("-o", "rep_mode=async", "-o", "node_list=pg1", "-o", "master_ip=10.77.0.11",
                               "-o", "CRM_meta_promotable=true", "-o", "CRM_meta_on_node=pg1")
        self.assertNotIn("does not support the promote", said)
