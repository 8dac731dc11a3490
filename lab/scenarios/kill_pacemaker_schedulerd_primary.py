"""Kill -9 of pacemaker-schedulerd on the primary, on the node that decides for the cluster.

Proves: the loss of the scheduler, and of the controller that ends with it, costs no acknowledged row.
Hurts: SIGKILL to pacemaker-schedulerd where it is at work: the primary is brought there first.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.primary_to_controller()
    stage.kill_daemon(stage.primary, "pacemaker-schedulerd")
