"""The synchronous standby's disk is slow, and then the primary's postmaster dies.

Proves: a promotion on a slow disk ends in time and loses nothing.
Hurts: every fsync of the standby's node takes 0.3 s longer, the CIB's included.
"""
from testbed import disturbance

MODE = "disturbed"
VICTIM = "standby"
GAP = 30


def hurt(stage):
    disturbance.slow_down(stage.lab.nodes[stage.standby], 300)
    stage.serves(times=5)
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
