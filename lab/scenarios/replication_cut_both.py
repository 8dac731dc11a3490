"""No standby can reach the primary's replication address.

Proves: commits go on without a standby, with corosync unaffected and nobody fenced.
Hurts: a blackhole route on each standby's node.
"""
from testbed.basics import REPLICATION_ADDRESS

MODE = "sync"
VICTIM = "both standbys"
# The server calls a standby lost that is silent for wal_sender_timeout, a minute.
GAP = 25


def hurt(stage):
    for name in stage.standbys:
        stage.lab.hide(name, REPLICATION_ADDRESS)
    stage.alone(90)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
