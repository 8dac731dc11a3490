"""Kill -9 of pacemaker-based on the primary.

Proves: the loss of the CIB manager costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-based.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-based")
