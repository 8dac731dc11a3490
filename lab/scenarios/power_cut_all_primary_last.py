"""Power cut of all nodes at once. The last primary comes back last.

Proves: after a cold start whoever has all acknowledged rows serves, in whatever order power comes back.
Hurts: all links and processes go; each node is switched on when the one before answers.
"""
MODE = "sync"
VICTIM = "all"
GAP = 30


def hurt(stage):
    stage.cold_start(stage.standby, stage.other, stage.primary)
