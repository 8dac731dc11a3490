"""The primary's postmaster dies, and the agent while its `promote` runs on the successor.

Proves: a promotion that ends in the middle leaves a state from which the next action goes on.
Hurts: SIGKILL to the postmaster, and to the agent when its promote is seen; an operator cleans up.
"""
from testbed.stage import PROMOTE

MODE = "sync"
VICTIM = "primary + agent of the standby"
GAP = 40


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.wait(lambda: not stage.lab.exec(stage.standby, ["pkill", "-KILL", "-f", PROMOTE], check=False).returncode, 60,
               f"the promotion of {stage.standby}", step=0.001)
    stage.cleanup()
