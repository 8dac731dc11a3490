"""Two nodes lose sight of each other while clients reach both.

Proves: the primary wins and goes on; nothing fails over, and the standby is never a second primary.
Hurts: each node has a blackhole route to the other.
"""
MODE = "two"
VICTIM = "both nodes"
GAP = 15


def hurt(stage):
    stage.lab.part(stage.primary, stage.standby)
    stage.wait_fenced(stage.standby)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(stage.primary), f"fenced: {stage.fenced()}")
