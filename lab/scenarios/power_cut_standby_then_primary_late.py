"""Power cut of the synchronous standby, and of the primary as soon as commits go on without it.

Proves: what was acknowledged after the synchronous standby changed is on the one that is promoted.
Hurts: both links and all processes go; power comes back when both are off.
"""
MODE = "sync"
VICTIM = "standby + primary"
GAP = 40


def hurt(stage):
    stage.lab.power_off(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.serves()
    stage.lab.power_off(stage.primary)
    stage.lab.power_on(stage.standby)
    stage.lab.power_on(stage.primary)
