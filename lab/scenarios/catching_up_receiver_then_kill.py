"""The synchronous standby's receiver hangs until it is replaced, goes on, and the primary's postmaster dies at once.

Proves: a standby that is still catching up isn't promoted before it has everything.
Hurts: SIGSTOP to the receiver, rows meanwhile, SIGCONT and SIGKILL to the primary's postmaster.
"""
MODE = "sync"
VICTIM = "standby + primary"
GAP = 25


def hurt(stage):
    stage.leave_behind(stage.standby)
    stage.lab.unhang(stage.standby)
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
