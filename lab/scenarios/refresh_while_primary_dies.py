"""An operator refreshes the resource while the primary's postmaster dies.

Proves: probes in the middle of a failure neither hide it nor start a second primary.
Hurts: SIGKILL to the postmaster and `crm resource refresh` at once.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 20


def hurt(stage):
    stage.lab.kill_postmaster(stage.primary)
    stage.lab.any_node().exec(["crm_resource", "--refresh", "--resource", "pgsql-clone"])
    stage.settled()
    stage.lab.wait_primary()
