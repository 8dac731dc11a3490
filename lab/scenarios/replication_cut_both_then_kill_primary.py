"""No standby can reach the primary's replication address, commits go on alone, and then the primary's postmaster dies.

Proves: no standby that lacks acknowledged commits is promoted; the former primary serves again after a cleanup.
Hurts: a blackhole route on each standby's node, then SIGKILL to the postmaster.
"""
MODE = "sync"
VICTIM = "both standbys + primary"
# A standby that takes no WAL for sync_stall_timeout, ten seconds, is given up.
GAP = 25


def hurt(stage):
    stage.hide_primary()
    stage.lab.kill_postmaster(stage.primary)
    for name in stage.standbys:
        stage.lab.heal(name)
    stage.cleanup()
