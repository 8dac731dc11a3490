"""The synchronous standby's receiver hangs until it is replaced, and then the primary's power is cut.

Proves: whoever lacks acknowledged commits isn't promoted, although it had been synchronous a moment before.
Hurts: SIGSTOP to the receiver, rows meanwhile, then link and all processes of the primary go.
"""
MODE = "sync"
VICTIM = "standby + primary"
# The server calls a standby lost that is silent for wal_sender_timeout, a minute.
GAP = 75


def hurt(stage):
    stage.halt(stage.standby, "walreceiver")
    stage.replaced(stage.standby, 90)
    stage.writes(200)
    stage.lab.power_off(stage.primary)
    stage.expect(stage.failover() == stage.other, "a standby without the last commits was promoted")
