"""Kill -9 of corosync on the primary.

Proves: a node without cluster services is fenced before another is promoted.
Hurts: SIGKILL to corosync; Pacemaker's daemons end then, the instance runs on.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.kill(stage.primary, "corosync")
    stage.failover()
    stage.expect(stage.fenced(stage.primary), "promoted without fencing")
