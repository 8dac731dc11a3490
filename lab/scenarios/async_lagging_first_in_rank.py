"""Asynchronous: the standby that is first in rank falls behind, and then the primary's power is cut.

Proves: the ranks follow who has more, so that only rows of the last second before may be lost.
Hurts: SIGSTOP to the receiver until the ranks have changed, then link and all processes of the primary go.
"""
MODE = "async"
VICTIM = "standby + primary"
GAP = 15


def hurt(stage):
    stage.halt_receiver(stage.standby)
    # Standbys within a megabyte of each other keep their ranks.
    statement = "SELECT count(pg_logical_emit_message(false, 'lab', repeat('x', 1000))) FROM generate_series(1, 4000)"
    stage.lab.psql(stage.primary, statement)
    stage.wait(lambda: stage.score(stage.other) > stage.score(stage.standby), 40, "changed ranks", step=0.1)
    stage.begin()
    stage.lab.power_off(stage.primary)
    stage.expect(stage.failover() == stage.other, "the standby that lags was promoted")
