"""The primary's whole instance hangs, and goes on later.

Proves: failover within 15 s; afterwards the old one accepts nothing.
Hurts: SIGSTOP to all its processes, SIGCONT to whatever is left of them after the failover.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.lab.hang(stage.primary)
    stage.failover(15)
    stage.lab.unhang(stage.primary)
