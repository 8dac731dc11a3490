"""Immediate stop of the primary by hand.

Proves: a primary that somebody stopped is a failure as any other.
Hurts: `pg_ctl stop -m immediate` beside the cluster.
"""
from testbed.basics import postgres_binaries

MODE = "sync"
VICTIM = "primary"
GAP = 10


def hurt(stage):
    stage.lab.exec(stage.primary, ["runuser", "-u", "postgres", "--", postgres_binaries() / "pg_ctl", "stop", "-m",
                                   "immediate", "-D", "/var/lib/postgresql/data"])
    stage.failover()
