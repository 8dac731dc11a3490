"""Kill -9 of the primary's postmaster.

Proves: failover without fencing.
Hurts: SIGKILL to the postmaster alone; its children end when they notice.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 10


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
