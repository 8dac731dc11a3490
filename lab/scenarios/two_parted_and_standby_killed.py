"""Two nodes lose sight of each other, and right afterwards the standby's postmaster dies.

Proves: the primary acknowledges nothing that is lost if the standby's node fences it and takes over.
Hurts: blackhole routes on both nodes, then SIGKILL to the postmaster.
"""
MODE = "two"
VICTIM = "both nodes + standby"
GAP = 20


def hurt(stage):
    stage.lab.part(stage.primary, stage.standby)
    stage.lab.kill_postmaster(stage.standby)
    stage.wait(stage.fenced, 60, "the fencing of either")
