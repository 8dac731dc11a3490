"""The primary's file system for pg_wal runs full.

Proves: a server that panics for want of room is replaced, and no acknowledged row is lost.
Hurts: a file takes all that is left there; WAL is written until the server has ended.
"""
from testbed import small_wal

MODE = "small-wal"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    node = stage.lab.nodes[stage.primary]

    def is_ended():
        small_wal.fill(node)
        stage.use_up_segment()
        return not node.postmaster_lives()
    stage.wait(is_ended, 60, "the end of the server")
    stage.failover()
    small_wal.free(node)
