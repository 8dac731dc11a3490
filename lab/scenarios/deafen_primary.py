"""One-way network cut: nothing that is sent to the primary arrives at its node.

Proves: half a connection is none: the node is fenced, and no acknowledged row is lost.
Hurts: a queue without room at the switch's end of the cable; what the node sends leaves it.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 25


def hurt(stage):
    stage.lab.deafen(stage.primary)
    stage.failover()
