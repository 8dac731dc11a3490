"""Network cut of the primary.

Proves: a primary that is cut off acknowledges nothing that the new one lacks, and is fenced.
Hurts: the node's link goes down and stays so until the cluster is healed.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 20


def hurt(stage):
    stage.lab.cut(stage.primary)
    stage.failover()
    stage.expect(stage.fenced(stage.primary), "promoted without fencing")
