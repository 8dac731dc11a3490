"""Commits wait for any one of two standbys: power cut of the primary.

Proves: of two standbys of which either may hold the last commit the one that does is promoted.
Hurts: the primary's link goes, then all its processes at once.
"""
MODE = "any"
VICTIM = "primary"
GAP = 15


def hurt(stage):
    stage.lab.power_off(stage.primary)
    stage.failover()
