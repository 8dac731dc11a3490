"""Kill -9 of pacemaker-based on the primary.

Proves: the loss of the CIB manager costs no acknowledged row, whether Pacemaker starts it anew or fences the node.
Hurts: SIGKILL to pacemaker-based.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-based")
