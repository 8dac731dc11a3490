"""Kill -9 of pacemaker-controld on the primary, on the node that decides for the cluster.

Proves: the loss of the controller in charge costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-controld where it decides: the primary is brought there first.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.primary_to_controller()
    stage.kill_daemon(stage.primary, "pacemaker-controld")
