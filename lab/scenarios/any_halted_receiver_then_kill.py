"""Commits wait for any one of two standbys: one hangs, and the primary's postmaster dies later.

Proves: commits don't stop when a standby hangs, and it isn't promoted although it was waited for as well.
Hurts: SIGSTOP to the receiver of one, rows meanwhile, then SIGKILL to the primary's postmaster.
"""
MODE = "any"
VICTIM = "standby + primary"
GAP = 10


def hurt(stage):
    stage.halt_receiver(stage.standby)
    stage.writes(500)
    stage.expect(stage.largest_gap() < 1, "commits stopped although another standby was there")
    stage.lab.kill_postmaster(stage.primary)
    stage.expect(stage.failover() == stage.other, "a standby without the last commits was promoted")
