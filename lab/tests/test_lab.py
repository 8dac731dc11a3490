"""The lab itself: two side by side, nothing left behind."""
import os
import pathlib
import signal
import subprocess
import unittest

from testbed.basics import DATA_ROOT, PROJECT, STATE_ROOT, run, wait_until
from testbed.lab import Lab


def traces(name):
    """Whatever of a lab is still there."""
    spaces = [line.split()[0] for line in run(["ip", "netns", "list"]).stdout.splitlines() if f"pgl-{name}-" in line]
    mounts = [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f"pgsql-swift-lab/{name}" in line]
    processes = run(["pgrep", "-f", f"pgsql-swift-lab/{name}/|testbed.controller {name}$"], check=False).stdout.split()
    folders = [str(path) for path in (STATE_ROOT / name, DATA_ROOT / name) if path.exists()]
    return spaces + mounts + processes + folders


class LabItself(unittest.TestCase):
    def test_two_side_by_side(self):
        """Proves: two labs with the same addresses don't see each other, and each leaves nothing behind."""
        first, second = Lab("twin1", 1, PROJECT / ".build" / "release"), Lab("twin2", 1, PROJECT / ".build" / "release")
        try:
            first.up()
            second.up()
            self.assertEqual(first.online(), ["pg1"])
            self.assertEqual(second.online(), ["pg1"])
            first.down()
            self.assertEqual(traces("twin1"), [])
            self.assertEqual(second.online(), ["pg1"])
        finally:
            first.down()
            second.down()
        self.assertEqual(traces("twin2"), [])

    def test_interrupted(self):
        """Proves: Ctrl-C while a lab comes up leaves nothing behind."""
        process = subprocess.Popen([str(PROJECT / "lab" / "lab"), "up", "--name", "stopped"], start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: (STATE_ROOT / "stopped" / "pg2.json").exists(), 30, "a node that boots", step=0.01)
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        self.assertEqual(traces("stopped"), [])
