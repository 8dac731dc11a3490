"""The synchronous standby's receiver hangs until it is replaced, and then the primary's power is cut.

Proves: whoever lacks acknowledged commits isn't promoted, although it had been synchronous a moment before.
Hurts: SIGSTOP to the receiver, rows meanwhile, then link and all processes of the primary go.
"""
MODE = "sync"
VICTIM = "standby + primary"
GAP = 25


def hurt(stage):
    stage.leave_behind(stage.standby)
    stage.lab.power_off(stage.primary)
    stage.expect(stage.failover() == stage.other, "a standby without the last commits was promoted")
