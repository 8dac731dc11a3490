"""A standby is away, and more WAL is written between two monitors than the primary's file system for pg_wal holds.

Proves: the server gives the slot up itself, and the primary never stops; the standby that is there stays synchronous.
Hurts: a standby's node goes into standby mode; at once three times as much WAL is written as fits, as fast as it goes.
"""
from testbed import small_wal

MODE = "small-wal"
VICTIM = "other"
GAP = 5


def hurt(stage):
    lost, standby = stage.other, stage.standby
    stage.lab.set_standby(lost, True)
    stage.wait(lambda: stage.lab.roles().get(lost) == "stopped", 40, f"{lost} stopped")
    end = stage.position() + (3 * small_wal.MEGABYTES << 20)

    def is_written():
        stage.use_up_segment()
        return stage.position() > end
    stage.wait(is_written, 60, "so much WAL", step=0)
    note = stage.wait(lambda: stage.lab.attribute(lost, "pgsql-slot"), 20, "a note that the slot was given up")
    stage.expect(note.startswith("dropped="), f"the note is \"{note}\"")
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(stage.streams(standby), f"{standby} doesn't stream any more")
    stage.lab.rebuild(lost)
    stage.lab.set_standby(lost, False)
    stage.wait(lambda: stage.streams(lost), 60, f"{lost} streaming")
