"""One-way network cut: nothing that the primary sends leaves its node.

Proves: half a connection is none: the node is fenced, and no acknowledged row is lost.
Hurts: a queue without room at the node's end of the cable; what is sent to the node arrives.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 25


def hurt(stage):
    stage.lab.mute(stage.primary)
    stage.failover()
