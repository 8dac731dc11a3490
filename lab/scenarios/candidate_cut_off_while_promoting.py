"""The primary's postmaster dies, and the network of its successor is cut while `promote` runs there.

Proves: a promotion out of sight acknowledges nothing that the cluster doesn't know of.
Hurts: SIGKILL to the postmaster, then the other node's link goes down until it is fenced; an operator cleans up.
"""
MODE = "sync"
VICTIM = "primary + standby"
GAP = 40


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.wait_promoting(stage.standby)
    stage.lab.cut(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.lab.heal(stage.standby)
    stage.cleanup()
