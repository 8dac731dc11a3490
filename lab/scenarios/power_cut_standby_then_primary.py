"""Power cut of the synchronous standby, and of the primary while commits wait for that to be fenced.

Proves: the standby that is left isn't promoted with less than was acknowledged.
Hurts: both links and all processes go; power comes back when both are off.
"""
MODE = "sync"
VICTIM = "standby + primary"
GAP = 40


def hurt(stage):
    stage.lab.power_off(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.lab.power_off(stage.primary)
    stage.lab.power_on(stage.primary)
    stage.lab.power_on(stage.standby)
