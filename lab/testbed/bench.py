"""The command `lab/bench`: what a monitor costs, beside heartbeat/pgsql."""
import argparse
import math
import signal

from . import measure
from .basics import PROJECT, LabError, require_root
from .install import install
from .lab import Lab
from .program import run_program
from .screen import Screen, table

EXAMPLE = PROJECT / "crm-examples" / "three-node-sync.crm"
PRIMARY, STANDBY, ALONE, METADATA = "monitor, primary", "monitor, standby", "monitor, rep_mode=none", "meta-data"
# Most monitors of a primary at rest don't read the cluster; this one always does, as after any change.
READING = "monitor, primary, read"
HEADER = ("ACTION", "AGENT", "MEDIAN", "P95", "COMMANDS", "PROCESSES", "CONNECTIONS")
MOST_MILLISECONDS, MOST_COMMANDS, MOST_CONNECTIONS = 12, 1, 1
# A cluster at rest alone takes less than that.
MOST_BUSY = 0.5
LEAST_WALL_RATIO, LEAST_PROCESS_RATIO = 20, 50


def parser():
    top = argparse.ArgumentParser(
        prog="lab/bench", description="Measures the monitor of pgsql-swift beside that of heartbeat/pgsql: each in a "
        "three-node synchronous cluster at rest, one after the other. Takes less than three minutes.",
        epilog="Exit code 0 only when every limit is kept. COMMANDS are programs that the agent starts, PROCESSES "
        "what it forks for them and for itself, CONNECTIONS those to the database.")
    top.add_argument("--name", default="bench", help="the labs' name, default 'bench'")
    top.add_argument("--runs", type=int, default=50, help="of each action, default 50")
    top.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"), help="where the built programs are")
    return top


def measured(lab, agent, program, runs, progress, notes):
    """{action: Figures} of an agent in its healthy cluster; a note when the machine isn't quiet."""
    lab.wait_healthy()
    lab.any_node().exec(["crm_resource", "--wait", "--timeout=60"], timeout=70)
    primary, standby = lab.primary(), lab.synchronous()[0]
    before = measure.processor_times()
    seen = measure.environments(lab, program, [primary, standby])
    busy = measure.busy_since(before)
    if busy > MOST_BUSY:
        notes.append(f"note: processors were {busy:.0%} busy while the cluster of {agent} rested: other work runs on "
                     "this machine and makes walls longer")
    jobs = {
        PRIMARY: (primary, "monitor", 8, seen[primary]), STANDBY: (standby, "monitor", 0, seen[standby]),
        READING: (primary, "monitor", 8, measure.by_hand(seen[primary])),
        ALONE: (primary, "monitor", 0, measure.alone(seen[primary])),
        METADATA: (primary, "meta-data", 0, seen[primary])}
    found = {}
    for name, (node, action, expected, environment) in jobs.items():
        progress(f"{agent}: {runs} x {name}")
        found[name] = measure.measure(lab, node, agent, action, expected, environment, runs)
    return found


def measured_in_lab(lab, agent, program, configuration, runs, progress, notes):
    """The same in a lab that is brought up for it and torn down."""
    progress(f"{agent}: a cluster of three nodes")
    lab.up()
    try:
        lab.configure(configuration)
        return measured(lab, agent, program, runs, progress, notes)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lab.down()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ratio(theirs, ours):
    return theirs / ours if ours else math.inf


def times_less(theirs, ours):
    """The row below an action's figures."""
    ratios = [ratio(getattr(theirs, name), getattr(ours, name))
              for name in ("median", "high", "commands", "processes", "connections")]
    return ("", "times less", *("-" if math.isinf(value) else f"{value:.0f}" for value in ratios))


def rows(ours, theirs):
    """The table's rows: both agents of each action, and how many times less it is."""
    found = []
    for action in ours:
        for agent, figures in (("pgsql-swift", ours[action]), ("pgsql", theirs[action])):
            found.append((action if agent == "pgsql-swift" else "", agent, f"{figures.median:.1f} ms",
                          f"{figures.high:.1f} ms", str(figures.commands), str(figures.processes),
                          str(figures.connections)))
        found.append(times_less(theirs[action], ours[action]))
    return found


def checks(ours, theirs):
    """[(whether it holds, what)] for the monitors of a cluster."""
    found = []
    for action in (PRIMARY, STANDBY):
        mine, other = ours[action], theirs[action]
        wall, processes = ratio(other.median, mine.median), ratio(other.processes, mine.processes)
        found += [
            (mine.median <= MOST_MILLISECONDS, f"{action}: {mine.median:.1f} ms, at most {MOST_MILLISECONDS} ms"),
            (mine.commands <= MOST_COMMANDS, f"{action}: commands started: {mine.commands}, at most {MOST_COMMANDS}"),
            (mine.connections <= MOST_CONNECTIONS,
             f"{action}: database connections: {mine.connections}, at most {MOST_CONNECTIONS}"),
            (wall >= LEAST_WALL_RATIO, f"{action}: {wall:.0f} times less wall time, at least {LEAST_WALL_RATIO}"),
            (processes >= LEAST_PROCESS_RATIO,
             f"{action}: {processes:.0f} times fewer processes, at least {LEAST_PROCESS_RATIO}")]
    return found


def perform(options):
    require_root()
    if options.runs < 1:
        raise LabError("--runs must be 1 at least")
    screen = Screen()
    install(screen.event)
    notes = []
    text = EXAMPLE.read_text(encoding="utf-8")
    ours = measured_in_lab(Lab(options.name, 3, options.agent_dir), "pgsql-swift", "pgsql-ra", text, options.runs,
                           screen.event, notes)
    theirs = measured_in_lab(Lab(options.name, 3, is_incumbent=True), "pgsql", "pgsql", text, options.runs,
                             screen.event, notes)
    results = checks(ours, theirs)
    screen.lines(["", *table(HEADER, rows(ours, theirs)), "",
                  *(f"{'PASS' if holds else 'FAIL'}  {what}" for holds, what in results), "", *notes,
                  f"{sum(holds for holds, _ in results)} of {len(results)} limits kept; {screen.elapsed():.0f} s"])
    return 0 if all(holds for holds, _ in results) else 1


def main():
    return run_program("bench", parser().parse_args(), perform)
