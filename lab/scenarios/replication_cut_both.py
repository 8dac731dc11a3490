"""No standby can reach the primary's replication address.

Proves: commits go on without a standby, with corosync unaffected and nobody fenced.
Hurts: a blackhole route on each standby's node.
"""
MODE = "sync"
VICTIM = "both standbys"
# A standby that takes no WAL for sync_stall_timeout, ten seconds, is given up.
GAP = 25


def hurt(stage):
    stage.hide_primary()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
