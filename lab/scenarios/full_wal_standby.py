"""The synchronous standby's file system for pg_wal runs full.

Proves: commits go on with the other standby, and nothing fails over.
Hurts: a file takes all that is left there; WAL is written until the standby takes no more.
"""
from testbed import small_wal

MODE = "small-wal"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    node = stage.lab.nodes[stage.standby]

    def is_replaced():
        small_wal.fill(node)
        # No more than that: what is kept for it would fill the primary's up as well.
        if stage.streams(stage.standby):
            stage.use_up_segment()
        return stage.score(stage.standby) < 0
    stage.wait(is_replaced, 60, "the record")
    stage.replaced(stage.standby)
    small_wal.free(node)
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
