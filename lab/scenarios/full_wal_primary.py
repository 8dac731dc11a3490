"""The primary's file system for pg_wal runs full.

Proves: a server that panics for want of room is replaced, and no acknowledged row is lost.
Hurts: a file takes all that is left there; WAL is written until the server has ended.
"""
from testbed import small_wal

MODE = "small-wal"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    small_wal.fill(stage.lab.nodes[stage.primary])
    stage.write_wal(lambda: not stage.lab.nodes[stage.primary].postmaster_lives())
    stage.failover()
    small_wal.free(stage.lab.nodes[stage.primary])
