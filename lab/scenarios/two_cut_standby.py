"""Two nodes: network cut of the standby.

Proves: the primary wins, commits wait until the standby is fenced and go on alone then.
Hurts: the node's link goes down and stays so until the cluster is healed.
"""
MODE = "two"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    stage.lab.cut(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(stage.primary), f"fenced: {stage.fenced()}")
