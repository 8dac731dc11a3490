"""Strict mode: the postmasters of both standbys die.

Proves: not one commit is acknowledged by the primary alone; they go on when a standby is back.
Hurts: SIGKILL to both postmasters, which come back only when an operator has forgotten their failures.
"""
import time

MODE = "strict"
VICTIM = "both standbys"
GAP = 60


def hurt(stage):
    for name in stage.standbys:
        stage.lab.kill_postmaster(name)
    killed = time.monotonic()
    stage.wait(lambda: all(stage.lab.roles().get(name) == "stopped" for name in stage.standbys), 40, "stopped standbys")
    stage.last(3)
    writer = stage.writers.through_address
    alone = [moment for _, moment in writer.acknowledged() if moment > killed + 0.5]
    stage.expect(not alone, f"{len(alone)} rows acknowledged without a standby")
    stage.cleanup()
    stage.serves()
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
