"""A writer beside the cluster, and what became of its rows."""
import os
import pathlib
import signal
import subprocess
import threading
import time

from .basics import PYTHON, WRITER_ADDRESS, LabError, wait_until

PROGRAM = pathlib.Path(__file__).with_name("writer.py")
# Seconds between two tries beside a server: it isn't there to make load.
PAUSE_BESIDE = 0.2


def acknowledged_in(path):
    """[(row, monotonic time)] that a writer noted in a file; a line that is only half there isn't counted."""
    try:
        lines = pathlib.Path(path).read_text(encoding="ascii").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path} can't be read ({error}): 'lab/lab writer --out {path}' makes it") from None
    pairs = [line.split() for line in lines if line.endswith("\n")]
    try:
        return [(int(row), float(moment)) for row, moment, *_ in pairs]
    except ValueError:
        raise LabError(f"{path} isn't what 'lab/lab writer --out' makes") from None


def report_of(lab, rows):
    """What became of acknowledged rows: how many, how many are lost, the longest gap and when it began."""
    times = [moment for _, moment in rows]
    gaps = [(right - left, left) for left, right in zip(times, times[1:])]
    gap, began = max(gaps, default=(None, None))
    return {
        "acknowledged": len(rows),
        "lost": len(lost_of(lab, rows)),
        "longest_gap_ms": None if gap is None else round(gap * 1000),
        "gap_began": None if gap is None else time.time() - time.monotonic() + began,
    }


def lost_of(lab, rows):
    """Acknowledged rows that the current primary doesn't have; the primary may be changing, so asks until one answers."""
    def answer():
        name = lab.try_primary()
        words = name and lab.psql(
            name, "SELECT pg_is_in_recovery()::text UNION ALL SELECT id::text FROM lab_rows", check=False, timeout=60)
        found = set((words or "").split())
        return found if "false" in found else None
    present = wait_until(answer, 60, "a primary that tells its rows", step=0.1)
    return [row for row, _ in rows if str(row) not in present]


class Writer:
    """Writes through the virtual IP from its start to its stop; or slowly beside a node's server, when given a node."""

    def __init__(self, lab, host=WRITER_ADDRESS, output=None, beside=None, patience=None, is_fresh=False):
        """`patience`: seconds until an answer that doesn't come is given up; `is_fresh`: a connection for each row."""
        self.lab = lab
        self.output = pathlib.Path(output or lab.state / f"writer-{time.monotonic_ns()}")
        self.output.touch()
        self._rows, self._read, self._lock = [], 0, threading.Lock()
        words = [host, self.output]
        if beside:
            words = [beside.address, self.output, "--pause", PAUSE_BESIDE,
                     "--namespace", lab.network.namespace(beside.name)]
        words += ["--patience", patience] if patience else []
        words += ["--fresh"] if is_fresh else []
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", lab.network.switch, PYTHON, PROGRAM, *map(str, words)],
            stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def acknowledged(self):
        """[(row, time)] so far; reads what is new, as a long run notes many rows and is asked often."""
        with self._lock, open(self.output, "rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
            self._read += len(whole) + len(newline)
            for line in whole.splitlines():
                row, moment, *_ = line.split()
                self._rows.append((int(row), float(moment)))
            return list(self._rows)

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
        """Acknowledged rows that the current primary doesn't have; the writer may go on meanwhile."""
        return lost_of(self.lab, self.acknowledged())

    def report(self):
        return report_of(self.lab, self.acknowledged())
