"""One-way network cut: nothing that is sent to the synchronous standby arrives at its node.

Proves: half a connection is none: the node is fenced, and no acknowledged row is lost.
Hurts: a queue without room at the switch's end of the cable; what the node sends leaves it.
"""
MODE = "sync"
VICTIM = "standby"
GAP = 25


def hurt(stage):
    stage.lab.deafen(stage.standby)
    stage.replaced(stage.standby)
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
