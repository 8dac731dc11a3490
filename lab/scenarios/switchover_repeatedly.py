"""Three planned switchovers, one after the other.

Proves: nothing is lost, and every former primary follows at once without new data.
Hurts: `crm node standby` for whoever is primary, taken back when another one is.
"""
MODE = "sync"
VICTIM = "primary x3"
GAP = 10


def hurt(stage):
    for _ in range(3):
        former = stage.lab.wait_primary()
        stage.lab.set_standby(former, True)
        stage.lab.wait_primary(other_than=former)
        stage.lab.set_standby(former, False)
        stage.whole()
