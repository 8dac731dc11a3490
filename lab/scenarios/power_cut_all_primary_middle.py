"""Power cut of all nodes at once. The last primary comes back second, after the standby that may lack commits.

Proves: after a cold start whoever has all acknowledged rows serves, in whatever order power comes back.
Hurts: all links and processes go; each node is switched on when the one before answers.
"""
MODE = "sync"
VICTIM = "all"
GAP = 90


def hurt(stage):
    for name in stage.lab.nodes:
        stage.lab.power_off(name)
    stage.power_on_in_turn(stage.other, stage.primary, stage.standby)
    stage.lab.wait_primary(80)
