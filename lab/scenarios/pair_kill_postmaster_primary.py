"""Commits wait for both standbys: kill -9 of the primary's postmaster.

Proves: failover without fencing, to either.
Hurts: SIGKILL to the postmaster alone.
"""
MODE = "pair"
VICTIM = "primary"
GAP = 10


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
