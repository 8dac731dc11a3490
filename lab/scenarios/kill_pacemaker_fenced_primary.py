"""Kill -9 of pacemaker-fenced on the primary.

Proves: the loss of the fencer costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-fenced.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-fenced")
