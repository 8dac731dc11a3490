"""Commits wait for both standbys: power cut of one, later of the primary.

Proves: commits go on with the other one once the lost one is fenced, and it is promoted without loss.
Hurts: all processes of the standby, then of the primary.
"""
MODE = "pair"
VICTIM = "standby, primary"
GAP = 20


def hurt(stage):
    stage.lab.power_off(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.serves()
    stage.lab.power_off(stage.primary)
    stage.failover()
