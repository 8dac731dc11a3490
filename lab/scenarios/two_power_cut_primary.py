"""Two nodes: power cut of the primary.

Proves: the other node goes on alone, after fencing.
Hurts: the node's link goes, then all its processes at once.
"""
MODE = "two"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.lab.power_off(stage.primary)
    stage.failover()
    stage.expect(stage.fenced(stage.primary), "promoted without fencing")
