"""What the slots keep makes a copy needless: a node that was away follows from where it stood."""
from testbed.basics import wait_until
from testbed.scenario import ClusterTest

SEGMENT = 16 << 20
# Nothing is kept but for slots.
SETTINGS = {"wal_keep_size": "0", "min_wal_size": "32MB", "max_wal_size": "48MB"}


class Slots(ClusterTest):
    name = "slots"

    def setUp(self):
        for name in self.lab.nodes:
            for setting, value in SETTINGS.items():
                self.lab.psql(name, f"ALTER SYSTEM SET {setting} = '{value}'")
            self.lab.psql(name, "SELECT pg_reload_conf()")

    def roles(self):
        primary = self.lab.primary()
        synchronous = self.lab.synchronous()[0]
        other, = set(self.lab.nodes) - {primary, synchronous}
        return primary, synchronous, other

    def write_segments(self, primary, count):
        """Writes so many WAL segments, and has every server forget what it needn't keep."""
        for _ in range(count):
            self.lab.psql(primary, "SELECT pg_logical_emit_message(false, 'lab', 'filling'), pg_switch_wal()")
        for name in self.lab.nodes:
            if self.lab.nodes[name].init_process() and self.lab.nodes[name].postmaster_lives():
                self.wait_replayed(name, primary)
                self.lab.psql(primary, "CHECKPOINT")
                self.wait_replayed(name, primary)
                self.lab.psql(name, "CHECKPOINT")

    def wait_replayed(self, name, primary):
        target = self.lab.psql(primary, "SELECT pg_current_wal_flush_lsn()")
        wait_until(lambda: name == primary or self.lab.psql(
            name, f"SELECT pg_last_wal_replay_lsn() >= '{target}'") == "t", 30, f"{name} at {target}", step=0.05)

    def kept(self, node, owner):
        """Segments that a node keeps for another one beyond those that its own recovery needs."""
        found = self.lab.psql(node, "SELECT floor((pg_control_checkpoint()).redo_lsn - '0/0'::pg_lsn) - (restart_lsn - '0/0') "
                                    f"FROM pg_replication_slots WHERE slot_name = 'slot_{owner}'")
        return int(float(found)) // SEGMENT if found else None

    def wait_streaming(self, name, primary, timeout=60):
        wait_until(lambda: self.lab.streams(name, primary), timeout, f"{name} streaming from {primary}", step=0.1)

    def test_standby_then_primary(self):
        """Proves: a standby that is stopped, and then the primary is, follows the new primary without a copy.

        The new primary, itself a standby until then, has kept all that the stopped one lacks, and for the nodes that were
        there no more than it needs itself.
        """
        primary, synchronous, other = self.roles()
        self.lab.set_standby(other, True)
        wait_until(lambda: self.lab.roles().get(other) == "stopped", 40, f"{other} stopped", step=0.1)
        self.write_segments(primary, 12)
        for name in (primary, synchronous):
            self.assertGreaterEqual(self.kept(name, other), 11, f"{name} keeps too little for {other}")
        wait_until(lambda: self.kept(synchronous, primary) == 0, 40, f"{synchronous} keeping nothing more for {primary}")
        self.lab.set_standby(primary, True)
        self.assertEqual(self.lab.wait_primary(60, other_than=primary), synchronous)
        self.write_segments(synchronous, 3)
        self.lab.set_standby(other, False)
        self.wait_streaming(other, synchronous)
        self.lab.set_standby(primary, False)
        self.wait_streaming(primary, synchronous)
        self.wait_whole()

    def test_primary_fails(self):
        """Proves: a primary that failed over follows the new one without a copy, however much was written meanwhile.

        Both slots of the old primary are still there when it is a standby again, and keep no more than is needed.
        """
        primary, synchronous, other = self.roles()
        # A whole segment lies between: that much WAL the new primary would have forgotten.
        self.write_segments(primary, 2)
        # Fencing switches it on again: without its network it stays away all the same.
        self.lab.cut(primary)
        self.lab.power_off(primary)
        new = self.lab.wait_primary(60, other_than=primary)
        self.write_segments(new, 12)
        self.assertGreaterEqual(self.kept(new, primary), 11, f"{new} keeps too little for {primary}")
        self.lab.heal(primary)
        self.lab.power_on(primary)
        self.wait_streaming(primary, new, 90)
        self.write_segments(new, 3)
        rest, = set(self.lab.nodes) - {primary, new}
        for owner in (new, rest):
            wait_until(lambda owner=owner: self.kept(primary, owner) == 0, 60,
                       f"{primary} keeping nothing more for {owner}", step=0.2)
        self.wait_whole()

    def slots(self, node, *words):
        result = self.lab.exec(node, ["pgrex-tool", "slots", *words], check=False)
        return result.returncode, result.stdout, result.stderr

    def names(self, node):
        return self.lab.psql(node, "SELECT string_agg(slot_name, ' ' ORDER BY slot_name) FROM pg_replication_slots")

    def test_drop(self):
        """Proves: `slots drop` takes what is left over and what is given up, on any node from any other, and nothing else.

        What was given up isn't made again until its node is back; the standbys follow.
        """
        primary, synchronous, other = self.roles()
        self.lab.psql(primary, "SELECT pg_create_physical_replication_slot('slot', true)")
        self.assertEqual(self.slots(synchronous, "drop", "--dry-run")[0], 0)
        self.assertIn("slot ", self.names(primary) + " ")
        code, said, _ = self.slots(synchronous, "drop")
        self.assertEqual((code, said.splitlines()[-1]), (0, f"dropped slot on {primary}"))
        self.assertEqual(self.slots(synchronous, "drop")[0], 2, "nothing is left")
        code, _, complaint = self.slots(synchronous, "drop", f"slot_{other}", "--yes")
        self.assertEqual(code, 2, "it is in use")
        self.assertIn("in use", complaint)
        self.lab.set_standby(other, True)
        wait_until(lambda: self.lab.roles().get(other) == "stopped", 40, f"{other} stopped", step=0.1)
        self.assertEqual(self.slots(other, "drop", f"slot_{other}")[0], 2, "nobody has confirmed it")
        self.assertEqual(self.slots(other, "drop", f"slot_{other}", "--yes")[0], 0)
        self.assertEqual(self.names(primary), f"slot_{synchronous}")
        # A standby asks once it would keep more for another than for itself.
        self.write_segments(primary, 2)
        wait_until(lambda: self.names(synchronous) == f"slot_{primary}", 40, f"{synchronous} keeping nothing for {other}",
                   step=0.2)
        self.assertTrue(self.lab.attribute(other, "pgsql-slot").startswith(f"dropped=command keeper={primary}"))
        self.assertIn("pgrex-tool rejoin", self.lab.exec(primary, ["pgrex-tool", "status"], check=False).stdout)
        self.assertEqual(self.names(primary), f"slot_{synchronous}", "it was made again for nobody")
        # Its WAL is gone, as it was told.
        self.lab.rebuild(other)
        self.lab.set_standby(other, False)
        self.wait_streaming(other, primary)
        wait_until(lambda: self.lab.attribute(other, "pgsql-slot") is None, 40, "the end of the note", step=0.2)
        self.wait_whole()
