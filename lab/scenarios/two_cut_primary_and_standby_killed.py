"""Two nodes: network cut of the primary, and the standby's postmaster dies at the same moment.

Proves: a primary that is cut off acknowledges nothing that is lost when the other one takes over after all.
Hurts: the primary's link goes down until a node is fenced, SIGKILL to the other's postmaster; an operator cleans up.
"""
MODE = "two"
VICTIM = "primary + standby"
GAP = 40


def hurt(stage):
    stage.lab.cut(stage.primary)
    stage.lab.kill_postmaster(stage.standby)
    stage.wait(stage.fenced, 60, "the fencing of either")
    stage.lab.heal(stage.primary)
    stage.cleanup()
