"""One-way network cut: nothing that the synchronous standby sends leaves its node.

Proves: half a connection is none: the node is fenced, and no acknowledged row is lost.
Hurts: a queue without room at the node's end of the cable; what is sent to the node arrives.
"""
MODE = "sync"
VICTIM = "standby"
GAP = 25


def hurt(stage):
    stage.lab.mute(stage.standby)
    stage.replaced(stage.standby)
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
