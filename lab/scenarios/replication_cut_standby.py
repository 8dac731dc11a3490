"""The synchronous standby can't reach the primary's replication address.

Proves: commits go on with the other standby, with corosync unaffected and nobody fenced.
Hurts: a blackhole route on the standby's node.
"""
from testbed.basics import REPLICATION_ADDRESS

MODE = "sync"
VICTIM = "standby"
# A standby that takes no WAL for sync_stall_timeout, ten seconds, is given up.
GAP = 25


def hurt(stage):
    stage.lab.hide(stage.standby, REPLICATION_ADDRESS)
    stage.replaced(stage.standby, 90)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
