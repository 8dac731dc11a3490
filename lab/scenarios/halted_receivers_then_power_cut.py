"""Both standbys' receivers hang, commits go on alone, and then the primary's power is cut.

Proves: standbys that lack acknowledged commits wait for the primary to come back, and follow it then.
Hurts: SIGSTOP to both receivers, rows meanwhile, then link and all processes of the primary go.
"""
MODE = "sync"
VICTIM = "both standbys + primary"
GAP = 60


def hurt(stage):
    for name in stage.standbys:
        stage.halt_receiver(name)
        stage.drop(name)
    stage.alone()
    stage.writes(200)
    stage.lab.power_off(stage.primary)
    for name in stage.standbys:
        stage.lab.unhang(name)
    stage.lab.wait_primary(80)
