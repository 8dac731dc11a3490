"""Runs an agent's action many times on a node and measures it; reads its job from the first argument, prints JSON.

It is given to the node's python on standard input, as a node may not see the project's directory.
"""
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

TRACED = "execve,clone,clone3,fork,vfork,connect"
WARM_UP = 2
TRACES = 3


def call(job, prefix=()):
    """One call; its wall time in seconds."""
    start = time.perf_counter()
    result = subprocess.run(
        [*prefix, job["program"], job["action"]], env=job["environment"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - start
    if result.returncode != job["expected"]:
        sys.exit(f"{job['action']} answered {result.returncode} instead of {job['expected']}")
    return wall


def count(lines):
    """[commands, processes, connections] of a trace; each call is counted where it begins or where it succeeded."""
    commands = processes = connections = 0
    for line in lines:
        if re.search(r"\bexecve(\(| resumed)", line) and line.rstrip().endswith("= 0"):
            commands += 1
        elif re.search(r"^\d+ +(clone3?|v?fork)\(", line) and "CLONE_THREAD" not in line:
            processes += 1
        elif " connect(" in line and (".s.PGSQL." in line or "htons(5432)" in line):
            connections += 1
    # The agent itself isn't one that it spawned.
    return [commands - 1, processes, connections]


def trace(job):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "trace")
        call(job, ["strace", "-f", "-qq", "-s", "200", "-e", f"trace={TRACED}", "-e", "signal=none", "-o", path])
        with open(path, encoding="utf-8", errors="replace") as file:
            return count(file)


def spent():
    """The processor's seconds of all that ran and was waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(job):
    for _ in range(WARM_UP):
        call(job)
    before = spent()
    walls = [call(job) for _ in range(job["runs"])]
    processor = (spent() - before) / job["runs"]
    # The worst of several, as what happens now and then counts too.
    commands, processes, connections = map(max, zip(*[trace(job) for _ in range(TRACES)]))
    print(json.dumps({"walls": walls, "processor": processor, "commands": commands, "processes": processes,
                      "connections": connections}))


main(json.loads(sys.argv[1]))
