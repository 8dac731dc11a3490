"""The lab itself: two side by side, nothing left behind."""
import os
import pathlib
import signal
import subprocess
import unittest

from testbed.basics import CLIENT_ADDRESS, DATA_ROOT, PROJECT, STATE_ROOT, run, wait_until
from testbed.lab import Lab


# Several runs of the tests may go side by side.
TWINS = [f"twin{number}-{os.getpid()}" for number in (1, 2)]
STOPPED, CUT = f"stopped-{os.getpid()}", f"cut-{os.getpid()}"


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
        first, second = (Lab(name, 1, PROJECT / ".build" / "release") for name in TWINS)
        try:
            first.up()
            second.up()
            self.assertEqual(first.online(), ["pg1"])
            self.assertEqual(second.online(), ["pg1"])
            first.down()
            self.assertEqual(traces(TWINS[0]), [])
            self.assertEqual(second.online(), ["pg1"])
        finally:
            first.down()
            second.down()
        self.assertEqual(traces(TWINS[1]), [])

    def test_cut_outlasts_a_boot(self):
        """Proves: a node that was cut off and fenced comes back as cut off as it was."""
        lab = Lab(CUT, 1, PROJECT / ".build" / "release")
        reach = ["ping", "-c", "1", "-W", "1", CLIENT_ADDRESS]
        try:
            lab.up()
            lab.cut("pg1")
            lab.power_off("pg1")
            lab.power_on("pg1")
            self.assertNotEqual(lab.exec("pg1", reach, check=False).returncode, 0)
            lab.heal("pg1")
            wait_until(lambda: lab.exec("pg1", reach, check=False).returncode == 0, 10, "an answer after healing")
        finally:
            lab.down()

    def begin_up(self, until):
        """A lab that comes up, and has come so far that a file is there."""
        process = subprocess.Popen([str(PROJECT / "lab" / "lab"), "up", "--name", STOPPED], start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(until.exists, 30, f"{until} while the lab comes up", step=0.005)
        return process

    def test_interrupted(self):
        """Proves: Ctrl-C while a lab comes up leaves nothing behind, neither during initdb nor during a boot."""
        for moment in (DATA_ROOT / STOPPED / "pg1/postgresql/data/base", STATE_ROOT / STOPPED / "pg2.json"):
            with self.subTest(moment=moment.name):
                process = self.begin_up(moment)
                os.killpg(process.pid, signal.SIGINT)
                self.assertEqual(process.wait(60), 130)
                self.assertEqual(traces(STOPPED), [])

    def test_killed(self):
        """Proves: `down` finds what is left of an `up` that was killed, its initdb or its controller included."""
        for moment in (DATA_ROOT / STOPPED / "pg1/postgresql/data/base", STATE_ROOT / STOPPED / "controller.out"):
            with self.subTest(moment=moment.name):
                process = self.begin_up(moment)
                process.kill()
                process.wait()
                Lab(STOPPED).down()
                self.assertEqual(traces(STOPPED), [])
