"""Two nodes: power cut of the standby.

Proves: commits wait until it is fenced and go on alone within a second then.
Hurts: the node's link goes, then all its processes at once.
"""
MODE = "two"
VICTIM = "standby"
GAP = 20


def hurt(stage):
    stage.lab.power_off(stage.standby)
    stage.wait_fenced(stage.standby)
    stage.goes_on(["Operation 'reboot'", f"targeting {stage.standby} ", "OK"], within=1)
    stage.serves()
    stage.expect(stage.lab.primary() == stage.primary, "a failover without need")
