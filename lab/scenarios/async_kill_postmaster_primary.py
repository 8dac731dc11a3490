"""Asynchronous: kill -9 of the primary's postmaster.

Proves: failover; only rows of the last second before may be lost.
Hurts: SIGKILL to the postmaster alone.
"""
MODE = "async"
VICTIM = "primary"
GAP = 10


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
