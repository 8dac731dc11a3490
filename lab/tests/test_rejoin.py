"""`pgrex-tool rejoin`: a failed node comes back by one command."""
import json
import shutil
import subprocess

from testbed import divergence
from testbed.basics import run, wait_until
from testbed.scenario import ClusterTest


class RejoinTest(ClusterTest):
    """What the scenarios of a rejoin share."""

    def rejoin(self, node, *words, timeout=120):
        result = self.lab.exec(node, ["pgrex-tool", "rejoin", *words], check=False, timeout=timeout)
        return result.returncode, result.stdout, result.stderr

    def fail(self, name):
        divergence.fail(self.lab, name)

    def standby(self):
        primary = self.lab.primary()
        return next(name for name in self.lab.nodes if name != primary)

    def data_of(self, name):
        return self.lab.nodes[name].data_directory

    def begin(self, node, *words):
        """Starts a rejoin and leaves it running."""
        return subprocess.Popen(self.lab.nodes[node].command(["pgrex-tool", "rejoin", *words]), cwd="/", text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def kill_rejoin(self, node):
        """Ends the tool as a crash would; its programs go with it."""
        self.lab.exec(node, ["pkill", "-KILL", "-x", "pgrex-tool"])

    def comes_back(self, node, *words):
        """One command, after which the node streams."""
        code, said, complaint = self.rejoin(node, *words)
        self.assertEqual(code, 0, said + complaint)
        self.assertTrue(self.lab.streams(node, self.lab.primary()))
        return said


class Rejoin(RejoinTest):
    name = "rejoin"

    def test_failed_primary_follows(self):
        """Proves: a primary that died and was replaced comes back by one command, which says what it found; not before it."""
        primary = self.lab.primary()
        self.fail(primary)
        new = self.lab.wait_primary(60, other_than=primary)
        code, said, _ = self.rejoin(primary, "--dry-run", "--json")
        plan = json.loads(said)
        self.assertEqual((code, plan["plan"], plan["primary"], plan["outcome"]), (0, "follow", new, "planned"))
        self.assertNotEqual(self.lab.roles().get(primary), "unpromoted", "a dry run has changed something")
        self.assertIn(f"{primary} follows {new}", self.comes_back(primary))
        self.assertEqual(self.rejoin(primary)[:2], (0, f"{primary} follows already.\n"))
        self.wait_whole()

    def test_diverged_primary_is_rewound(self):
        """Proves: a primary with a commit of its own is rewound by one command; that commit is in the ledger, and in no row."""
        old, new = divergence.diverge(self.lab)
        code, said, _ = self.rejoin(old, "--dry-run", "--json")
        plan = json.loads(said)
        self.assertEqual((code, plan["plan"], plan["data"]), (0, "rewind", "diverged"), said)
        self.comes_back(old)
        self.assertIsNone(self.lab.psql(old, "SELECT x FROM only_here", check=False))
        entries = self.lab.exec(old, ["pgrex-tool", "ledger", "show", "latest"]).stdout
        self.assertIn(new, entries)
        self.wait_whole()

    def test_data_that_are_gone(self):
        """Proves: an empty data directory is filled by a copy, which replaces nothing before it is verified."""
        victim = self.standby()
        self.fail(victim)
        aside = self.data_of(victim).with_name("aside")
        self.data_of(victim).rename(aside)
        self.data_of(victim).mkdir()
        code, said, _ = self.rejoin(victim, "--dry-run", "--json")
        self.assertEqual((code, json.loads(said)["plan"]), (0, "copy"))
        code, _, complaint = self.rejoin(victim)
        self.assertEqual(code, 2, complaint)
        self.assertIn("chown postgres: /var/lib/postgresql/data", complaint)
        shutil.chown(self.data_of(victim), "postgres", "postgres")
        # What was the node's own is lost: the primary's configuration is the lab's for every node.
        self.comes_back(victim)
        run(["rm", "-rf", aside])
        self.wait_whole()

    def test_copy_is_killed_and_goes_on(self):
        """Proves: a copy that is killed leaves the former data; a second run meanwhile is told who holds it; another one ends it."""
        victim = self.standby()
        self.fail(victim)
        before = (self.data_of(victim) / "PG_VERSION").stat().st_ino
        process = self.begin(victim, "--method", "copy", "--max-rate", "1M")
        wait_until(lambda: self.data_of(victim).with_name("data.rejoin-new").exists(), 30, "a copy under way")
        code, _, complaint = self.rejoin(victim, "--method", "copy")
        self.assertEqual(code, 2, complaint)
        self.assertIn("another rejoin runs on this node: process", complaint)
        status = self.lab.exec(self.lab.primary(), ["pgrex-tool", "status"], check=False).stdout
        self.assertIn(f"{victim} is brought back: ", status)
        self.kill_rejoin(victim)
        process.communicate()
        self.assertEqual((self.data_of(victim) / "PG_VERSION").stat().st_ino, before, "the former data are gone")
        self.assertIn("was interrupted", self.lab.exec(victim, ["pgrex-tool", "status"], check=False).stdout)
        self.comes_back(victim, "--method", "copy")
        self.assertFalse(self.data_of(victim).with_name("data.rejoin-old").exists())
        self.assertFalse(self.data_of(victim).with_name("data.rejoin-new").exists())
        self.wait_whole()

    def test_standby_that_receives_nothing(self):
        """Proves: a standby whose WAL was removed on the primary is copied anew while the cluster keeps its hands off."""
        victim = self.standby()
        primary = self.lab.primary()
        self.fail(victim)
        self.lab.exec(primary, ["pgrex-tool", "slots", "drop", "--yes"], check=False)
        for _ in range(14):
            self.lab.psql(primary, "INSERT INTO lab_rows (id) SELECT (random() * 1e15)::bigint; SELECT pg_switch_wal()")
        self.lab.psql(primary, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                               f"WHERE slot_name = 'slot_{victim}' AND NOT active", check=False)
        self.lab.psql(primary, "CHECKPOINT")
        self.comes_back(victim)
        self.wait_whole()

    def test_refusals(self):
        """Proves: the primary, an unknown node, standby mode, maintenance mode and a ban are refused with the next command."""
        primary = self.lab.primary()
        victim = self.standby()
        code, _, complaint = self.rejoin(primary)
        self.assertEqual(code, 5, complaint)
        code, _, complaint = self.rejoin(primary, "pg9")
        self.assertEqual(code, 2, complaint)
        self.assertIn('no node "pg9"', complaint)
        self.fail(victim)
        self.lab.set_standby(victim, True)
        self.refuses(victim, f"crm node online {victim}")
        self.lab.set_standby(victim, False)
        self.lab.exec(victim, ["crm_attribute", "-n", "maintenance-mode", "-v", "true"])
        self.refuses(victim, "maintenance-mode=false")
        self.lab.exec(victim, ["crm_attribute", "-n", "maintenance-mode", "-D"])
        self.lab.exec(victim, ["crm_resource", "--ban", "--resource", "pgsql-clone", "--node", victim])
        self.refuses(victim, f"cli-ban-pgsql-clone-on-{victim}")
        self.lab.exec(victim, ["crm_resource", "--clear", "--resource", "pgsql-clone", "--node", victim])
        self.comes_back(victim)
        self.wait_whole()

    def refuses(self, node, words):
        code, _, complaint = self.rejoin(node)
        self.assertEqual(code, 2, complaint)
        self.assertIn(words, complaint)

    def test_asked_for_from_elsewhere(self):
        """Proves: the primary's operator has a diverged node rewound without going there."""
        old, new = divergence.diverge(self.lab, "CREATE TABLE asked AS SELECT 7 AS x")
        code, said, complaint = self.rejoin(new, old)
        self.assertEqual(code, 0, said + complaint)
        self.assertTrue(self.lab.streams(old, new))
        self.wait_whole()

    def test_failover_during_a_copy(self):
        """Proves: when the primary dies while its data are copied, the former data stay, and the same command goes on with the new one."""
        victim = self.standby()
        primary = self.lab.primary()
        self.fail(victim)
        process = self.begin(victim, "--method", "copy", "--max-rate", "1M")
        wait_until(lambda: self.data_of(victim).with_name("data.rejoin-new").exists(), 30, "a copy under way")
        self.lab.kill_postmaster(primary)
        _, complaint = process.communicate(timeout=120)
        self.assertIn(process.returncode, (3, 4), complaint)
        self.assertTrue((self.data_of(victim) / "PG_VERSION").exists())
        self.lab.wait_primary(60, other_than=primary)
        self.comes_back(victim)
        self.comes_back(primary)
        self.wait_whole()


class AutoRejoin(RejoinTest):
    name = "autorejoin"

    example = "three-node-sync-auto.crm"

    @classmethod
    def configuration(cls):
        return super().configuration().replace("auto_rejoin=rewind", "auto_rejoin=copy", 1)

    def test_diverged_primary_comes_back_alone(self):
        """Proves: with auto_rejoin and failure-timeout a diverged primary is rewound in the background and streams again,
        although one failure puts it aside (migration-threshold=1); nobody types a command."""
        old, new = divergence.diverge(self.lab)
        wait_until(lambda: self.lab.streams(old, new), 150, f"{old} streaming again", step=0.2)
        self.assertIn(new, self.lab.exec(old, ["pgrex-tool", "ledger", "show", "latest"]).stdout)
        self.wait_whole()

    def test_lost_data_come_back_alone(self):
        """Proves: with auto_rejoin=copy a node whose data are gone fills itself from the primary."""
        victim = self.standby()
        self.fail(victim)
        run(["sh", "-c", f"rm -rf {self.data_of(victim)}/*"])
        wait_until(lambda: self.lab.streams(victim, self.lab.primary()), 150, f"{victim} streaming again", step=0.2)
        self.wait_whole()
