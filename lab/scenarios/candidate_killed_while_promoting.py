"""The primary's postmaster dies, and that of its successor while `promote` runs there.

Proves: a second failure in the middle of the failover costs no acknowledged row.
Hurts: SIGKILL to the one postmaster, and to the other when the agent's promote is seen; an operator cleans up.
"""
MODE = "sync"
VICTIM = "primary + standby"
GAP = 40


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.wait_promoting(stage.standby)
    stage.lab.kill_postmaster(stage.standby)
    # Its death is reported while the promotion still runs, which fails then: a failure that comes after the cleanup stays.
    stage.settled()
    stage.cleanup()
