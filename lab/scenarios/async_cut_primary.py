"""Asynchronous: network cut of the primary.

Proves: what is still written beside a primary that is cut off is lost with it, and never beside a second primary.
Hurts: the node's link goes down and stays so until the cluster is healed.
"""
MODE = "async"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.lab.cut(stage.primary)
    stage.failover()
    stage.expect(stage.fenced(stage.primary), "promoted without fencing")
