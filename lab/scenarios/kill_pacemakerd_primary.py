"""Kill -9 of pacemakerd on the primary.

Proves: the daemon that starts the others may end and be started anew by init; the database isn't touched.
Hurts: SIGKILL to pacemakerd alone; it is started again, as systemd does.
"""
MODE = "sync"
VICTIM = "primary"
GAP = 10


def hurt(stage):
    stage.kill(stage.primary, "pacemakerd")
    stage.wait(lambda: not stage.processes(stage.primary, "pacemakerd"), 10, "the end of pacemakerd")
    stage.lab.nodes[stage.primary].start_cluster_manager()
    stage.wait(lambda: stage.processes(stage.primary, "pacemakerd"), 10, "a new pacemakerd")
    stage.settled()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
