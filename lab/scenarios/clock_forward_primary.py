"""The primary's clock steps an hour ahead, and then its postmaster dies.

Proves: nothing is decided by a wall clock: no failover by the step, and none too few afterwards.
Hurts: the wall clock of the node's services steps; the monotonic one doesn't.
"""
from testbed import disturbance

MODE = "disturbed"
VICTIM = "primary"
GAP = 20


def hurt(stage):
    disturbance.step_clock(stage.lab.nodes[stage.primary], 3600)
    stage.serves(times=5)
    stage.settled()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
