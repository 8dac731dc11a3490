"""Places, names and the running of commands."""
import os
import pathlib
import subprocess
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
STATE_ROOT = pathlib.Path("/run/pgsql-swift-lab")
DATA_ROOT = pathlib.Path("/var/tmp/pgsql-swift-lab")
NETWORK = "10.77.0"
CLIENT_ADDRESS = f"{NETWORK}.1"
WRITER_ADDRESS = f"{NETWORK}.100"
REPLICATION_ADDRESS = f"{NETWORK}.101"
READER_ADDRESS = f"{NETWORK}.102"
PYTHON = "/usr/bin/python3"
# What a lab may have besides: small file systems for pg_wal; a library that delays fsync and steps clocks.
SMALL_WAL, DISTURBANCE = "small-wal", "disturbance"
# And agents that ours is measured beside: PAF, and one that does nothing.
PAF, FLOOR = "paf", "floor"


class LabError(Exception):
    """One sentence that says what was seen and names the next command."""


def run(arguments, timeout=60, check=True, **options):
    """Runs a command to its end; its output is text."""
    try:
        result = subprocess.run(
            [str(word) for word in arguments], timeout=timeout, text=True, errors="replace",
            stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    except subprocess.TimeoutExpired:
        if check:
            raise LabError(f"{' '.join(map(str, arguments))}: no end within {timeout} s") from None
        return subprocess.CompletedProcess(arguments, 124, "", "timed out")
    if check and result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise LabError(f"{' '.join(map(str, arguments))}: exit code {result.returncode}: {' / '.join(said[-3:])}")
    return result


def wait_until(condition, timeout, what, step=0.05):
    """Looks at a condition until it holds; gives its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {timeout} s")
        time.sleep(step)


def process_start(pid):
    """When a process was started, by the kernel's clock: tells it from a later one with the same number."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            words = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    # One that is dead and waits for its parent is none.
    return None if words[0] in "ZX" else words[19]


def is_alive(pid, start):
    """Whether this very process still runs."""
    return pid is not None and start is not None and process_start(pid) == start


def postgres_binaries():
    """The programs of the newest PostgreSQL on this machine."""
    root = pathlib.Path("/usr/lib/postgresql")
    found = [path for path in root.glob("*/bin/postgres") if path.parent.parent.name.isdigit()]
    if not found:
        raise LabError("no PostgreSQL in /usr/lib/postgresql: run 'lab/lab install'")
    return max(found, key=lambda path: int(path.parent.parent.name)).parent


def require_root():
    if os.geteuid() != 0:
        raise LabError("the lab needs root for its namespaces: run it with sudo")
