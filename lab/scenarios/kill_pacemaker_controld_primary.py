"""Kill -9 of pacemaker-controld on the primary.

Proves: the loss of the controller costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-controld.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-controld")
