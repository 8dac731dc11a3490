"""Two nodes: the standby's postmaster dies, and at the same moment the nodes lose sight of each other.

Proves: the primary acknowledges nothing that is lost if the standby's node fences it and takes over.
Hurts: SIGKILL to the postmaster and blackhole routes on both nodes, one right after the other.
"""
MODE = "two"
VICTIM = "standby + both nodes"
GAP = 20


def hurt(stage):
    stage.lab.kill_postmaster(stage.standby)
    stage.lab.part(stage.primary, stage.standby)
    stage.wait(stage.fenced, 60, "the fencing of either")
