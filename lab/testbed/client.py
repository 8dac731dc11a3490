"""A writer beside the cluster, and what became of its rows."""
import os
import pathlib
import signal
import subprocess
import time

from .basics import PYTHON, WRITER_ADDRESS, LabError, wait_until

PROGRAM = pathlib.Path(__file__).with_name("writer.py")


class Writer:
    """Writes through the virtual IP from its start to its stop."""

    def __init__(self, lab, host=WRITER_ADDRESS, output=None):
        self.lab = lab
        self.output = pathlib.Path(output or lab.state / f"writer-{time.monotonic_ns()}")
        self.output.touch()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", lab.network.switch, PYTHON, str(PROGRAM), host, str(self.output)],
            stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def acknowledged(self):
        """[(row, time)] so far."""
        rows = []
        for line in self.output.read_text().splitlines():
            words = line.split()
            if len(words) == 2:
                rows.append((int(words[0]), float(words[1])))
        return rows

    def wait_writing(self, timeout=60, since=None):
        """Waits for an acknowledgement after a moment of the monotonic clock, by default now."""
        start = time.monotonic() if since is None else since

        def is_writing():
            if self.process.poll() is not None:
                raise LabError(f"the writer ended with code {self.process.returncode}")
            rows = self.acknowledged()
            return rows and rows[-1][1] > start
        wait_until(is_writing, timeout, "an acknowledged row", step=0.02)

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def longest_gap(self, after=None, until=None):
        """The longest time between two acknowledgements in seconds, of those that end within the span."""
        times = [moment for _, moment in self.acknowledged()]
        gaps = [(right - left) for left, right in zip(times, times[1:])
                if (after is None or right >= after) and (until is None or right <= until)]
        return max(gaps, default=None)

    def lost(self):
        """Acknowledged rows that the current primary doesn't have."""
        present = set(self.lab.psql(self.lab.primary(), "SELECT id FROM lab_rows", timeout=60).split())
        return [row for row, _ in self.acknowledged() if str(row) not in present]
