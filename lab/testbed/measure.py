"""Measures an agent's actions on the nodes of a lab, with exactly the environment that Pacemaker gives them."""
import dataclasses
import json
import math
import pathlib
import statistics

from .basics import PYTHON, LabError, wait_until

RUNNER = pathlib.Path(__file__).with_name("runner.py")
PLACE = "/usr/lib/ocf/resource.d/heartbeat"
# Stands in for the agent for a moment: notes what it is given and becomes the agent.
WITNESS = """#!/bin/sh
file=/run/power/seen/$(hostname)-$1
cat /proc/$$/environ >"$file.$$" && mv "$file.$$" "$file"
exec /run/power/real/{program} "$@"
"""
PROMOTABLE = ("promot", "master", "notify")


@dataclasses.dataclass
class Figures:
    """What one action costs; walls, and the processor's time of a call, in seconds."""

    walls: list
    processor: float
    commands: int
    processes: int
    connections: int

    @property
    def median(self):
        return statistics.median(self.walls) * 1000

    @property
    def high(self):
        """The 95th percentile in ms."""
        return sorted(self.walls)[math.ceil(len(self.walls) * 0.95) - 1] * 1000


    def facts(self):
        """For programs; times in ms."""
        return {"median": self.median, "high": self.high, "processor": self.processor * 1000, "commands": self.commands,
                "processes": self.processes, "connections": self.connections}


def environments(lab, program, nodes):
    """{node: environment} of the cluster's next recurring monitor on each of these nodes."""
    power = lab.shared / "power"
    for name in ("real", "seen"):
        (power / name).mkdir(exist_ok=True)
    real, returning = power / "real" / program, power / "returning"
    for file in (real, returning, *(power / "seen").iterdir()):
        file.unlink(missing_ok=True)
    real.hardlink_to(power / program)
    witness = power / "witness"
    witness.write_text(WITNESS.format(program=program))
    witness.chmod(0o755)
    witness.rename(power / program)
    try:
        files = {node: power / "seen" / f"{node}-monitor" for node in nodes}
        wait_until(lambda: all(file.exists() for file in files.values()), 30, "a monitor on each node", step=0.1)
    finally:
        # The real one stays where it is: a witness that has noted what it was given is about to become it.
        returning.hardlink_to(real)
        returning.rename(power / program)
    return {node: parsed(file.read_bytes()) for node, file in files.items()}


def processor_times():
    """(idle, all) ticks of the machine's processors since its boot."""
    words = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    ticks = [int(word) for word in words]
    return ticks[3] + ticks[4], sum(ticks)


def busy_since(before):
    """The part of the time in which the processors weren't idle."""
    idle, whole = (now - then for now, then in zip(processor_times(), before))
    return 1 - idle / max(whole, 1)


def parsed(environment):
    return dict(entry.split("=", 1) for entry in environment.decode().split("\0") if "=" in entry)


def children_time(lab, name):
    """The processor's ticks of all actions of a node that have ended so far, by the daemon that waits for them."""
    pid = lab.exec(name, ["pgrep", "-f", "^(/usr/lib/pacemaker/)?pacemaker-execd( |$)"]).stdout.split()[0]
    words = lab.exec(name, ["cat", f"/proc/{pid}/stat"]).stdout.rpartition(")")[2].split()
    return int(words[13]) + int(words[14])


def alone(environment):
    """That of an instance without replication, outside a promotable clone."""
    kept = {name: value for name, value in environment.items()
            if not (name.startswith("OCF_RESKEY_CRM_meta_") and any(word in name for word in PROMOTABLE))}
    return {**kept, "OCF_RESKEY_rep_mode": "none"}


def by_hand(environment):
    """That of a monitor which nobody repeats."""
    return {name: value for name, value in environment.items() if name != "OCF_RESKEY_CRM_meta_interval"}


def measure(lab, node, agent, action, expected, environment, runs):
    job = {"program": f"{PLACE}/{agent}", "action": action, "expected": expected, "environment": environment,
           "runs": runs}
    try:
        result = lab.exec(node, [PYTHON, "-", json.dumps(job)], input=RUNNER.read_text(encoding="utf-8"), timeout=120)
    except LabError as error:
        raise LabError(f"{agent} on {node}: {str(error).rpartition(': ')[2]}: 'lab/lab status'") from None
    return Figures(**json.loads(result.stdout))
