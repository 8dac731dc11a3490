"""Power cut of the primary.

Proves: the lost node is fenced before another is promoted.
Hurts: the node's link goes, then all its processes at once.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.lab.power_off(stage.primary)
    stage.failover()
    stage.expect(stage.fenced(stage.primary), "promoted without fencing")
