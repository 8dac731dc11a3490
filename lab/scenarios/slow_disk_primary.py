"""The primary's disk is slow, and then its postmaster dies.

Proves: slowness alone fails nothing over, and a failover from a slow primary loses nothing.
Hurts: every fsync of the node's services takes 0.3 s longer, the CIB's included.
"""
from testbed import disturbance

MODE = "disturbed"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    disturbance.slow_down(stage.lab.nodes[stage.primary], 300)
    stage.serves(times=5)
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
