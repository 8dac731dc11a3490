"""Kill -9 of pacemaker-schedulerd on the primary.

Proves: the loss of the scheduler costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-schedulerd.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-schedulerd")
