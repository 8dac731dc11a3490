"""The primary's postmaster hangs, and goes on later.

Proves: failover within 15 s although sessions that are open already still work; afterwards the old one accepts nothing.
Hurts: SIGSTOP to the postmaster alone, SIGCONT to whatever is left of it after the failover.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.halt_postmaster(stage.primary)
    stage.failover(15)
    stage.lab.unhang(stage.primary)
