"""The primary's disk answers only after ten seconds each time.

Proves: a disk on which nothing can be worked any more ends in a failover or in slowness, never in a loss.
Hurts: every fsync of the node's services takes 10 s longer until somebody else is primary or half a minute is over.
"""
import time

from testbed import disturbance

MODE = "disturbed"
VICTIM = "primary"
GAP = 60


def hurt(stage):
    disturbance.slow_down(stage.lab.nodes[stage.primary], 10000)
    end = time.monotonic() + 30
    stage.wait(lambda: time.monotonic() > end or stage.lab.try_primary() not in (None, stage.primary), 40, "the end")
    disturbance.calm(stage.lab.nodes[stage.primary])
