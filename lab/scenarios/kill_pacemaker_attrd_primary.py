"""Kill -9 of pacemaker-attrd on the primary.

Proves: the loss of the attribute manager costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-attrd.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-attrd")
