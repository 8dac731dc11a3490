"""Network cut of the synchronous standby.

Proves: commits wait until it is fenced, go on then, and nothing fails over.
Hurts: the node's link goes down and stays so until the cluster is healed.
"""
MODE = "sync"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    stage.lab.cut(stage.standby)
    stage.replaced(stage.standby)
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
