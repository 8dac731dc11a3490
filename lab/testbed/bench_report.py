"""What the bench says at its end: on the terminal, and in docs/benchmarks.md with a picture beside it."""
from .bench_limits import checks
from .bench_picture import picture
from .bench_tables import client_rows, floor_rows, monitor_rows, rest_rows
from .screen import table

VERDICTS = {True: "kept", False: "NOT KEPT", None: "not measured"}
INTRODUCTION = """# Benchmarks

{command} writes this page and its picture, from one run: {when}, {machine}. Nothing in it was written by hand.

    make bench                    # all of it, and this page
    lab/bench --quick             # one run of each, to see that it works
    lab/bench --only ours floor postmaster-killed report   # some contenders, some measurements
    lab/bench --json FILE         # the figures of every run

The same three nodes (namespaces of one machine with corosync, Pacemaker, fencing and PostgreSQL of their own), the same
configuration (`crm-examples/three-node-sync.crm`: fencing on, synchronous mode, monitors every 3 s and 4 s, a failed
instance left to an operator) and the same client for each: it inserts rows one after the other through the virtual IP, and
a figure is its longest time between two acknowledged rows. `heartbeat/pgsql` is Debian's with one call changed that this
Pacemaker doesn't take; PAF is Debian's `resource-agents-paf`, with the replication settings that it asks for. PAF has no
synchronous mode: its commits wait for no standby. Between runs each cluster is made whole, ours by `pgrex-tool rejoin`,
the others by a base backup where an instance doesn't come back.

All times are medians of {runs} runs, with the shortest and the longest. The run took {minutes:.0f} minutes.
"""
FLOOR = """
## Pacemaker's own floor

How long Pacemaker takes with an agent that does nothing: from `crm_resource --fail` of the promoted instance until the
virtual IP answers on another node. Beside it ours, from SIGKILL to the postmaster on: finding that out and reporting it
is included, and a client writes all the time.
"""
MONITORS = """
## Monitors

With the environment that Pacemaker gives them, in clusters at rest; {runs} calls of each. CPU is user and system time of
the call and all that it starts; PROCESSES is what the agent forks, COMMANDS the programs among them, CONNECTIONS those to
the database.
"""
REST = """
## A node at rest

The part of one core that a node's monitors of the instance take in a minute, at the intervals of the example.
"""


def lines_of(results):
    """What is shown on a terminal."""
    header, rows, notes = client_rows(results)
    lines = ["", *table(header, rows), *(f"  {note}" for note in notes)]
    for is_there, (header, rows) in ((results["samples"], floor_rows(results)),
                                     (results["monitors"], monitor_rows(results)),
                                     (results["rest"], rest_rows(results))):
        if is_there:
            lines += ["", *table(header, rows)]
    found = checks(results)
    return [*lines, "", *(f"{VERDICTS[holds]}: {what}" for holds, what in found if holds is not None), "",
            *(f"note: {note}" for note in results["notes"]),
            f"{sum(holds is True for holds, _ in found)} of {sum(holds is not None for holds, _ in found)} limits kept; "
            f"{results['seconds'] / 60:.0f} minutes"]


def page_table(header, rows):
    return ["", *(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)), ""]


def page(results):
    """The document."""
    header, rows, notes = client_rows(results)
    lines = [INTRODUCTION.format(command="`make bench`" if results["runs"] > 1 else "`lab/bench --quick`",
                                 when=results["began"], machine=results["machine"], runs=results["runs"],
                                 minutes=results["seconds"] / 60),
             "## What clients notice", *page_table(header, rows), "![Seconds that clients notice](benchmarks.svg)", ""]
    lines += [f"- {note}" for note in notes]
    lines += [FLOOR.rstrip(), *page_table(*floor_rows(results))]
    lines += [MONITORS.format(runs=results["monitor_runs"]).strip("\n"), *page_table(*monitor_rows(results))]
    lines += [REST.strip("\n"), *page_table(*rest_rows(results)), "## Limits", ""]
    lines += [f"- {VERDICTS[holds]}: {what}" for holds, what in checks(results)]
    lines += ["", *(f"- note: {note}" for note in results["notes"])] if results["notes"] else []
    return "\n".join(lines) + "\n"


def write(results, directory):
    (directory / "benchmarks.md").write_text(page(results), encoding="utf-8")
    (directory / "benchmarks.svg").write_text(picture(results), encoding="utf-8")
