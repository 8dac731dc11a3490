"""The sentinel beside every postmaster: failures are acted on at once, and nothing is worse when it is gone or lies."""
import re
import time

from testbed.basics import wait_until
from testbed.scenario import ClusterTest

# A sentinel's command line; the agent's file may be a link to the program.
SENTINEL = "^[^ ]*/pgsql-(ra|swift) sentinel "


class SentinelTest(ClusterTest):
    """What these scenarios share."""

    # What the examples' intervals become.
    intervals = ("60s", "59s")

    @classmethod
    def configuration(cls):
        """The example with its monitors this far apart: what is found sooner the sentinel has told."""
        text = super().configuration()
        for former, interval in zip(("interval=4s", "interval=3s"), cls.intervals):
            if text.count(former) != 1:
                raise AssertionError(f"the example hasn't one {former}")
            text = text.replace(former, f"interval={interval}")
        return text

    def sentinels(self, name):
        """The sentinels' processes on a node."""
        return self.lab.exec(name, ["pgrep", "-f", SENTINEL], check=False).stdout.split()

    def wait_sentinels(self):
        """Waits until there is one on every node."""
        wait_until(lambda: all(len(self.sentinels(name)) == 1 for name in self.lab.nodes), 90, "a sentinel on every node",
                   step=0.2)

    def kill_sentinels(self):
        for name in self.lab.nodes:
            found = self.sentinels(name)
            if found:
                self.lab.exec(name, ["kill", "-KILL", *found], check=False)
        wait_until(lambda: not any(self.sentinels(name) for name in self.lab.nodes), 10, "no sentinel any more")

    def lose_synchronous_standby(self, hurt, seconds, gap):
        """Hurts the standby that commits wait for, until another is recorded; the primary stays, and commits go on."""
        primary, standby = self.lab.primary(), self.lab.synchronous()[0]
        with self.writing(gap):
            hurt(standby)
            wait_until(lambda: standby not in self.lab.synchronous(), seconds, "another synchronous standby", step=0.1)
        self.assertEqual(self.lab.primary(), primary)

    def halt_postmaster_of_the_primary(self, gap):
        """Halts it, until another node is the primary."""
        former = self.lab.primary()
        node = self.lab.nodes[former]
        with self.writing(gap, is_fresh=True):
            node.exec(["kill", "-STOP", node.postmaster()])
            self.wait_failover(former)
        self.assertEqual(self.refused(), set())

    def setUp(self):
        self.fenced_before = self.fenced()
        self.lab.any_node().exec(["crm_resource", "--wait", "--timeout=60"], timeout=70, check=False)


class Sentinel(SentinelTest):
    name = "hs-sentinel"

    def setUp(self):
        super().setUp()
        self.wait_sentinels()

    def test_postmaster_of_the_primary_killed(self):
        """Proves: with monitors a minute apart a dead postmaster is replaced within seconds."""
        former = self.lab.primary()
        with self.writing(6):
            self.lab.kill_postmaster(former)
            self.wait_failover(former)
        self.assertEqual(self.fenced(), self.fenced_before)
        self.assertEqual(self.refused(), set())

    def test_synchronous_standby_killed(self):
        """Proves: commits go on within seconds when the standby that they wait for dies."""
        self.lose_synchronous_standby(self.lab.kill_postmaster, 10, gap=6)

    def test_connection_of_the_synchronous_standby_lost(self):
        """Proves: a WAL sender that ends while both servers live is acted on, and the standby comes back into its place or
        another takes it; nobody is failed."""
        primary, standby = self.lab.primary(), self.lab.synchronous()[0]
        with self.writing(6):
            self.lab.psql(primary, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication "
                                   f"WHERE application_name = '{standby}'")
            wait_until(lambda: self.lab.streams(standby, primary), 20, f"{standby} streaming again")
        self.assertEqual(self.lab.primary(), primary)
        self.assertEqual(set(self.lab.roles().values()), {"promoted", "unpromoted"})

    def test_lie(self):
        """Proves: a report of a failure that isn't one ends in a failover or a recovery, without loss and divergence."""
        primary = self.lab.primary()
        instance = self.lab.nodes[primary].postmaster()
        with self.writing(10):
            self.lab.exec(primary, ["crm_resource", "--fail", "--resource", "pgsql", "--node", primary])
            wait_until(lambda: self.lab.nodes[primary].postmaster() != instance, 30, f"{primary} acted on", step=0.05)
            self.lab.wait_primary(30)
        self.assertEqual(self.refused(), set())
        self.assertEqual(self.fenced(), self.fenced_before)

    def test_lie_about_a_standby(self):
        """Proves: the same of the standby that commits wait for: they go on."""
        primary, standby = self.lab.primary(), self.lab.synchronous()[0]
        with self.writing(10):
            self.lab.exec(primary, ["crm_resource", "--fail", "--resource", "pgsql", "--node", standby])
            wait_until(lambda: self.lab.roles().get(standby) == "stopped", 30, f"{standby} stopped", step=0.1)
        self.assertEqual(self.lab.primary(), primary)
        self.assertEqual(self.refused(), set())

    def test_switchover_leaves_no_report(self):
        """Proves: what ends on purpose isn't reported: no failure is counted."""
        former = self.lab.primary()
        with self.writing(10):
            self.lab.set_standby(former, True)
            self.wait_failover(former)
            wait_until(lambda: self.lab.roles().get(former) == "stopped", 30, f"{former} stopped", step=0.1)
            # What tells the cluster of the stop ends by itself.
            wait_until(lambda: self.sentinels(former) == [], 10, f"no sentinel on {former}", step=0.1)
            self.lab.set_standby(former, False)
            self.wait_whole()
        counted = [name for values in self.lab.attributes().values() for name in values if name.startswith("fail-count-")]
        self.assertEqual(counted, [])


class WithoutSentinel(SentinelTest):
    name = "hs-without"

    intervals = ("8s", "7s")

    def test_sentinels_killed_first(self):
        """Proves: without them a failure is found by the next monitor, as before."""
        former = self.lab.primary()
        with self.writing(25):
            self.kill_sentinels()
            self.lab.kill_postmaster(former)
            self.wait_failover(former)
        self.assertEqual(self.refused(), set())

    def test_sentinels_halted_first(self):
        """Proves: the same of sentinels that hang."""
        former = self.lab.primary()
        self.wait_sentinels()
        with self.writing(25):
            for name in self.lab.nodes:
                self.lab.exec(name, ["kill", "-STOP", *self.sentinels(name)])
            self.lab.kill_postmaster(former)
            self.wait_failover(former)
        self.assertEqual(self.refused(), set())

    def test_monitor_starts_others(self):
        """Proves: sentinels that are gone are replaced by the next monitors."""
        self.wait_sentinels()
        self.kill_sentinels()
        self.wait_sentinels()

    def test_sentinels_killed_all_the_time(self):
        """Proves: a sentinel that is killed in the middle of whatever it does leaves nothing that loses a row."""
        standby = self.lab.synchronous()[0]
        with self.writing(40):
            self.lab.kill_postmaster(standby)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                self.lab.exec(self.lab.primary(), ["pkill", "-KILL", "-f", SENTINEL], check=False)
            wait_until(lambda: standby not in self.lab.synchronous(), 40, "the record", step=0.1)


class Hanging(SentinelTest):
    name = "hs-hang"
    # No sentinel sees a hang: this is as short as monitors are cheap.
    intervals = ("4s", "1s")

    def test_postmaster_of_the_primary_halted(self):
        """Proves: with a monitor every second clients of a halted postmaster wait for about 3 s, found out included."""
        self.halt_postmaster_of_the_primary(gap=4)

    def test_silent_primary(self):
        """Proves: a primary that takes connections and answers none is replaced once the monitor has waited for it: within
        a second more, and in order."""
        former = self.lab.primary()
        node = self.lab.nodes[former]
        place = node.data_directory / "postgresql.auto.conf"
        text = place.read_text(encoding="utf-8")
        # The monitor waits for 10 s at most.
        with self.writing(16, is_fresh=True):
            self.lab.psql(former, "ALTER SYSTEM SET post_auth_delay = 300")
            self.lab.psql(former, "SELECT pg_reload_conf()")
            wait_until(lambda: self.lab.psql(former, "SELECT 1", check=False) is None, 20, "a server that doesn't answer",
                       step=0.02)
            # Its next start knows nothing of it.
            place.write_text(text, encoding="utf-8")
            self.wait_failover(former)
        self.assertEqual(self.failures("start"), [])
        self.assertEqual(self.refused(), set())


class WithoutNotifications(SentinelTest):
    name = "hs-quiet"

    @classmethod
    def configuration(cls):
        """The example without notifications, its monitors as they are."""
        text, count = re.subn(r"\bnotify=true\b", "notify=false", super(SentinelTest, cls).configuration())
        text, operations = re.subn(r"\n    op notify [^\n]*\\", "", text)
        if (count, operations) != (1, 1):
            raise AssertionError(f"the example has {count} notify=true and {operations} op notify")
        return text

    def test_postmaster_of_the_primary_killed(self):
        """Proves: a failover needs no notification."""
        former = self.lab.primary()
        with self.writing(15):
            self.lab.kill_postmaster(former)
            self.wait_failover(former)
        self.assertEqual(self.refused(), set())

    def test_power_cut_of_the_primary(self):
        """Proves: the same after a power cut."""
        former = self.lab.primary()
        with self.writing(30):
            self.lab.power_off(former)
            self.wait_failover(former)
        self.assertTrue(any(former in line for line in self.fenced()), self.fenced())

    def test_postmaster_of_the_primary_halted(self):
        """Proves: the same of a postmaster that hangs."""
        self.halt_postmaster_of_the_primary(gap=12)

    def test_synchronous_standby_killed(self):
        """Proves: commits go on within seconds when the standby that they wait for dies, and it comes back."""
        self.lose_synchronous_standby(self.lab.kill_postmaster, 10, gap=6)

    def test_power_cut_of_the_synchronous_standby(self):
        """Proves: the same when its node is lost."""
        self.lose_synchronous_standby(self.lab.power_off, 30, gap=15)

    def test_switchover(self):
        """Proves: a planned switchover loses nothing, and the former primary follows."""
        former = self.lab.primary()
        with self.writing(15):
            self.lab.set_standby(former, True)
            self.wait_failover(former)
            self.lab.set_standby(former, False)
            self.wait_whole()
        self.assertEqual(self.failures("start"), [])
        self.assertEqual(self.refused(), set())
