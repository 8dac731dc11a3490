"""The synchronous standby's file system for pg_wal runs full.

Proves: commits go on with the other standby, and nothing fails over.
Hurts: a file takes all that is left there; WAL is written until the standby takes no more.
"""
from testbed import small_wal

MODE = "small-wal"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    small_wal.fill(stage.lab.nodes[stage.standby])
    # No more than that: what is kept for it would fill the primary's up as well.
    stage.write_wal(lambda: not stage.streams(stage.standby))
    stage.replaced(stage.standby)
    small_wal.free(stage.lab.nodes[stage.standby])
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
