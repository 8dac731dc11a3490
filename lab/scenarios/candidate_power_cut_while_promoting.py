"""The primary's postmaster dies, and the power of its successor is cut while `promote` runs there.

Proves: a second failure in the middle of the failover costs no acknowledged row.
Hurts: SIGKILL to the postmaster, then link and all processes of the other node go; an operator cleans up.
"""
MODE = "sync"
VICTIM = "primary + standby"
GAP = 40


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.wait_promoting(stage.standby)
    stage.lab.power_off(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.cleanup()
