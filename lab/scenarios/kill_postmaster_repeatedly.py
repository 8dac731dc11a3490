"""Kill -9 of the primary's postmaster three times, each as soon as the cluster serves again.

Proves: failures that come before the last one is mended cost time and no acknowledged row.
Hurts: SIGKILL to whichever postmaster is the primary's; an operator cleans up between.
"""
MODE = "sync"
VICTIM = "primary x3"
GAP = 60


def hurt(stage):
    for _ in range(3):
        stage.lab.kill_postmaster(stage.lab.wait_primary())
        stage.cleanup()
        stage.serves()
