"""What disturb.c does to a node's services; ends with the node's boot."""
import os
import struct

from .basics import LabError

FORMAT = "=qq"


def _write(node, milliseconds, seconds):
    pid = node.init_process()
    if not pid:
        raise LabError(f"{node.name} is off: 'lab/lab power-on {node.name}'")
    # In place, as the services have it mapped.
    with open(f"/proc/{pid}/root/run/disturbance", "r+b", buffering=0) as file:
        os.pwrite(file.fileno(), struct.pack(FORMAT, milliseconds, seconds), 0)


def slow_down(node, milliseconds):
    """Every fsync takes so much longer."""
    _write(node, milliseconds, 0)


def step_clock(node, seconds):
    """The wall clock is so far ahead of the others'."""
    _write(node, 0, seconds)


def calm(node):
    _write(node, 0, 0)
