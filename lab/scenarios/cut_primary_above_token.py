"""Network cut of the primary that heals as soon as the others have noticed.

Proves: a node that comes back while it is being fenced serves no stale data and loses nothing.
Hurts: the node's link goes down until the others' cluster has lost it.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 20


def hurt(stage):
    stage.lab.cut(stage.primary)
    stage.wait(lambda: stage.primary not in stage.lab.online(), 30, f"the loss of {stage.primary}")
    stage.lab.heal(stage.primary)
    stage.settled()
