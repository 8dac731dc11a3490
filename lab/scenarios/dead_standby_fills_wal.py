"""A standby is away, and what is kept for it would fill the primary's file system for pg_wal.

Proves: the slot is given up before, with a note, and the primary never stops; the standby that is there stays synchronous.
Hurts: a standby's node goes into standby mode; three times as much WAL is written as fits.
"""
from testbed import small_wal

MODE = "small-wal"
VICTIM = "other"
GAP = 5


def hurt(stage):
    lost = stage.other
    stage.lab.set_standby(lost, True)
    stage.wait(lambda: stage.lab.roles().get(lost) == "stopped", 40, f"{lost} stopped")
    end = stage.position() + (3 * small_wal.MEGABYTES << 20)

    def tells(word):
        stage.use_up_segment()
        return (stage.lab.attribute(lost, "pgsql-slot") or "").startswith(word + "=space")
    stage.wait(lambda: tells("near"), 60, "a warning", step=2)
    stage.wait(lambda: tells("dropped"), 60, "a note that the slot was given up", step=2)
    # However fast more comes: more is written between two monitors than fits.
    stage.wait(lambda: tells("dropped") and stage.position() > end, 120, "so much WAL", step=0)
    stage.expect(not stage.has_slot(lost), f"the slot of {lost} is there again, though nobody could use it")
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.lab.rebuild(lost)
    stage.lab.set_standby(lost, False)
    stage.wait(lambda: stage.streams(lost), 60, f"{lost} streaming")
    stage.wait(lambda: stage.lab.attribute(lost, "pgsql-slot") is None, 60, "the end of the note")
