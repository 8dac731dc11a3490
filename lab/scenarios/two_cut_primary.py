"""Two nodes: network cut of the primary.

Proves: of two nodes that fence each other the one wins that clients can reach.
Hurts: the node's link goes down and stays so until the cluster is healed.
"""
MODE = "two"
VICTIM = "primary"
GAP = 20


def hurt(stage):
    stage.lab.cut(stage.primary)
    stage.failover()
    stage.expect(not stage.fenced(stage.standby), f"fenced: {stage.fenced()}")
