"""Kill -9 of pacemaker-execd on the primary.

Proves: the loss of the local executor costs no acknowledged row, whether it is started anew or its node fenced.
Hurts: SIGKILL to pacemaker-execd.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 30


def hurt(stage):
    stage.kill_daemon(stage.primary, "pacemaker-execd")
