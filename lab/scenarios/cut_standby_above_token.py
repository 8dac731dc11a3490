"""Network cut of the synchronous standby that heals as soon as the others have noticed.

Proves: nothing fails over, and no commit is acknowledged without a record of who has it.
Hurts: the node's link goes down until the others' cluster has lost it.
"""
MODE = "sync"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    stage.lab.cut(stage.standby)
    stage.wait(lambda: stage.standby not in stage.lab.online(), 30, f"the loss of {stage.standby}")
    stage.lab.heal(stage.standby)
    stage.settled()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
