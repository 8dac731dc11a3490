"""An operator puts the primary's node into standby mode while the synchronous standby's postmaster dies.

Proves: a planned switchover at a bad moment is late rather than a loss.
Hurts: SIGKILL to the standby's postmaster and `crm node standby` for the primary at once.
"""
MODE = "sync"
VICTIM = "standby"
GAP = 60


def hurt(stage):
    stage.lab.kill_postmaster(stage.standby)
    stage.lab.set_standby(stage.primary, True)
    stage.settled()
    stage.lab.set_standby(stage.primary, False)
    stage.settled()
    stage.cleanup()
