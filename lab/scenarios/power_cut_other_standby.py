"""Power cut of the standby that commits don't wait for.

Proves: clients notice nothing.
Hurts: the node's link goes, then all its processes at once.
"""
MODE = "sync"
VICTIM = "other"
GAP = 3


def hurt(stage):
    stage.lab.power_off(stage.other)
    stage.wait_fenced(stage.other)
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
