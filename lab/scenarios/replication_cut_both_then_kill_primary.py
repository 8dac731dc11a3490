"""No standby can reach the primary's replication address, commits go on alone, and then the primary's postmaster dies.

Proves: no standby that lacks acknowledged commits is promoted; the former primary serves again after a cleanup.
Hurts: a blackhole route on each standby's node, then SIGKILL to the postmaster.
"""
from testbed.basics import REPLICATION_ADDRESS

MODE = "sync"
VICTIM = "both standbys + primary"
# The server calls a standby lost that is silent for wal_sender_timeout, a minute.
GAP = 25


def hurt(stage):
    for name in stage.standbys:
        stage.lab.hide(name, REPLICATION_ADDRESS)
    stage.alone(90)
    stage.serves()
    stage.lab.kill_postmaster(stage.primary)
    for name in stage.standbys:
        stage.lab.heal(name)
    stage.cleanup()
