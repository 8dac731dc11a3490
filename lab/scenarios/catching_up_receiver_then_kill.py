"""The synchronous standby's receiver hangs until it is replaced, goes on, and the primary's postmaster dies at once.

Proves: a standby that is still catching up isn't promoted before it has everything.
Hurts: SIGSTOP to the receiver, rows meanwhile, SIGCONT and SIGKILL to the primary's postmaster.
"""
MODE = "sync"
VICTIM = "standby + primary"
# The server calls a standby lost that is silent for wal_sender_timeout, a minute.
GAP = 75


def hurt(stage):
    stage.halt(stage.standby, "walreceiver")
    stage.replaced(stage.standby, 90)
    stage.writes(200)
    stage.lab.unhang(stage.standby)
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
