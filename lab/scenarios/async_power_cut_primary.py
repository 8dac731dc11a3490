"""Asynchronous: power cut of the primary.

Proves: failover after fencing; only rows of the last second before may be lost.
Hurts: the node's link goes, then all its processes at once.
"""
MODE = "async"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.lab.power_off(stage.primary)
    stage.failover()
    stage.expect(stage.fenced(stage.primary), "promoted without fencing")
