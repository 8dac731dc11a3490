"""Network cut of the primary that heals before anybody's patience is over.

Proves: a cut shorter than corosync's token timeout fails nothing over.
Hurts: the node's link goes down for half a second.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 5


def hurt(stage):
    stage.lab.cut(stage.primary)
    stage.last(0.5)
    stage.lab.heal(stage.primary)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
