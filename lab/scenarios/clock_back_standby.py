"""The synchronous standby's clock steps an hour back, and then the primary's postmaster dies.

Proves: nothing is decided by a wall clock: the standby stays synchronous, or another one is, and takes over.
Hurts: the wall clock of the standby's services steps; the monotonic one doesn't.
"""
from testbed import disturbance

MODE = "disturbed"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    disturbance.step_clock(stage.lab.nodes[stage.standby], -3600)
    stage.serves(times=5)
    stage.settled()
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
