"""Power cut of the primary, and of its synchronous standby while that is promoted.

Proves: two of three nodes lost within seconds cost no acknowledged row once power is back.
Hurts: both links and all processes go; power comes back when both are off.
"""
MODE = "sync"
VICTIM = "primary + standby"
GAP = 40


def hurt(stage):
    stage.lab.power_off(stage.primary)
    stage.wait_promoting(stage.standby)
    stage.lab.power_off(stage.standby)
    stage.lab.power_on(stage.primary)
    stage.lab.power_on(stage.standby)
