"""Two nodes: kill -9 of the standby's postmaster.

Proves: commits go on alone within a second after its stop was announced.
Hurts: SIGKILL to the postmaster alone.
"""
MODE = "two"
VICTIM = "standby"
GAP = 10


def hurt(stage):
    stage.lab.kill_postmaster(stage.standby)
    stage.goes_on(["rsc:pgsql action:notify"], within=1)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
    stage.expect(not stage.fenced(), f"fenced: {stage.fenced()}")
    stage.cleanup()
