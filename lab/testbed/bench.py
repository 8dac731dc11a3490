"""The command `lab/bench`: pgsql-swift beside heartbeat/pgsql, PAF and an agent that does nothing, in one run."""
import argparse
import dataclasses
import json
import os
import pathlib
import time

from . import bench_report
from .basics import PROJECT, LabError, postgres_binaries, require_root, run
from .bench_case import Case, membership_times
from .bench_contenders import CONTENDERS
from .bench_limits import checks
from .bench_measures import MEASUREMENTS, Sample, finish, measured
from .bench_monitors import Monitors
from .install import install
from .program import run_program
from .screen import Screen

MONITORS = "monitors"
# Whose monitors are measured.
MONITORED = ("ours", "pgsql", "paf")
RUNS, MONITOR_RUNS, QUICK_MONITOR_RUNS = 5, 50, 10


def parser():
    top = argparse.ArgumentParser(
        prog="lab/bench", description="Measures pgsql-swift beside heartbeat/pgsql, PAF and an agent that does "
        "nothing, each in real clusters: formation, loss of the primary in three ways, switchover, loss of the synchronous "
        "standby, monitors. Takes an hour and a half; --quick, a third of that.",
        epilog=f"Contenders: {' '.join(CONTENDERS)}. Measurements: {' '.join(MEASUREMENTS)} {MONITORS}. Exit code 0 only "
        "when every limit is kept.")
    top.add_argument("--name", default="bench", help="the beginning of the labs' names, default 'bench'")
    top.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"of each measurement, default {RUNS}")
    top.add_argument("--quick", action="store_true", help="one run of each")
    top.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these contenders, these measurements")
    top.add_argument("--from", type=pathlib.Path, dest="source", metavar="FILE",
                     help="measure nothing; show, and write to docs, what another run wrote by --json")
    top.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures of every run to a file")
    top.add_argument("--docs", type=pathlib.Path, default=PROJECT / "docs", metavar="DIRECTORY",
                     help="where benchmarks.md and its picture are written by a run without --only, default docs")
    top.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"), help="where the built programs are")
    return top


def settle_options(options):
    """What follows from the options given."""
    unknown = set(options.only) - {*CONTENDERS, *MEASUREMENTS, MONITORS}
    if unknown:
        raise LabError(f"no \"{sorted(unknown)[0]}\": 'lab/bench --help' names contenders and measurements")
    if options.runs < 1:
        raise LabError("--runs must be 1 at least")
    options.runs = 1 if options.quick else options.runs
    options.monitor_runs = QUICK_MONITOR_RUNS if options.quick else MONITOR_RUNS
    names = [key for key in CONTENDERS if key in options.only] or list(CONTENDERS)
    options.contenders = [CONTENDERS[key] for key in names]
    wanted = [key for key in (*MEASUREMENTS, MONITORS) if key in options.only] or [*MEASUREMENTS, MONITORS]
    options.measurements = [MEASUREMENTS[key] for key in wanted if key != MONITORS]
    options.with_monitors = MONITORS in wanted


class Bench:
    def __init__(self, options, screen):
        self.options, self.screen = options, screen
        self.results = {"began": time.strftime("%Y-%m-%d"), "machine": machine(), "runs": options.runs,
                        "monitor_runs": options.monitor_runs, "membership": [0, 0], "samples": {}, "monitors": {},
                        "rest": {}, "notes": [], "is_whole": False}

    def play(self):
        # A round after the other, so that a while in which the machine is busy is in everybody's figures.
        for number in range(1, self.options.runs + 1):
            for contender in self.options.contenders:
                chosen = [each for each in self.options.measurements if contender.key not in each.without]
                if chosen:
                    self.screen.event(f"run {number} of {self.options.runs}: {contender.title}")
                    Round(self, contender, chosen).play()
        for contender in self.options.contenders:
            if self.options.with_monitors and contender.key in MONITORED:
                self.monitors(contender)

    def monitors(self, contender):
        monitors = Monitors(contender, self.options, self.screen.event)
        monitors.run()
        self.results["monitors"][contender.key] = monitors.figures
        if monitors.shares:
            self.results["rest"][contender.key] = monitors.shares
        self.results["notes"] += monitors.notes


class Round:
    """Every measurement of a contender once, in one lab as long as that can be made whole."""

    def __init__(self, bench, contender, measurements):
        self.bench, self.contender, self.measurements = bench, contender, measurements
        self.case = None

    def play(self):
        try:
            for measurement in self.measurements:
                if measurement.key == "formation":
                    self.form(measurement)
                else:
                    self.measure(measurement)
        finally:
            self.down()

    def begin(self):
        options = self.bench.options
        self.case = Case(self.contender, f"{options.name}-{self.contender.key}", options.agent_dir)
        self.case.up()
        self.bench.results["membership"] = membership_times(self.case.lab)

    def form(self, measurement):
        try:
            self.begin()
            sample = measured(self.case, measurement.run)
        except LabError as error:
            sample = Sample(reason=str(error))
        self.note(measurement, sample)
        if sample.reason:
            self.down()

    def prepare(self):
        """Why there is no whole cluster; None when there is one, be it another one."""
        reason = None
        for _ in range(2):
            try:
                if self.case is None:
                    self.begin()
                    self.case.form()
                return self.case.settle()
            except LabError as error:
                reason = str(error)
                self.bench.screen.event(f"  another cluster is needed: {reason}")
                self.down()
        return reason

    def measure(self, measurement):
        reason = self.prepare()
        if reason:
            self.note(measurement, Sample(reason=reason))
            return
        sample = measured(self.case, measurement.run)
        try:
            finish(self.case, sample)
        except LabError as error:
            self.bench.screen.event(f"  not whole again: {error}")
            self.down()
        self.note(measurement, sample)

    def note(self, measurement, sample):
        found = self.bench.results["samples"].setdefault(self.contender.key, {}).setdefault(measurement.key, [])
        found.append(dataclasses.asdict(sample))
        value = sample.reason if sample.value is None else f"{sample.value:.2f} s"
        more = "".join(f", {name} {seconds:.2f} s" for name, seconds in sample.facts.items() if seconds is not None)
        lost = f", {sample.lost} of {sample.acknowledged} rows lost" if sample.acknowledged else ""
        self.bench.screen.event(f"  {measurement.title}: {value}{more}{lost}")

    def down(self):
        if self.case:
            self.case.down()
        self.case = None


def machine():
    """What figures depend on."""
    def version(package):
        result = run(["dpkg-query", "-W", "-f", "${Version}", package], check=False)
        return result.stdout.partition("-")[0].partition("+")[0] if result.returncode == 0 else "unknown"
    postgres = run([postgres_binaries() / "postgres", "--version"]).stdout.split()[2]
    return (f"{os.cpu_count()} processors, Pacemaker {version('pacemaker')}, Corosync {version('corosync')}, "
            f"PostgreSQL {postgres}, resource-agents {version('resource-agents').rpartition(':')[2]}, "
            f"PAF {version('resource-agents-paf')}")


def conclude(results, is_whole, options, screen):
    """Writes the document of a whole run; gives the exit code."""
    if is_whole:
        bench_report.write(results, options.docs)
        screen.event(f"written: {options.docs / 'benchmarks.md'}")
    found = [holds for holds, _ in checks(results) if is_whole or holds is not None]
    return 0 if all(found) else 1


def show_again(options, screen):
    results = json.loads(options.source.read_text(encoding="utf-8"))
    screen.lines(bench_report.lines_of(results))
    return conclude(results, results.get("is_whole", False), options, screen)


def perform(options):
    screen = Screen()
    if options.source:
        return show_again(options, screen)
    require_root()
    settle_options(options)
    install(screen.event)
    bench = Bench(options, screen)
    try:
        bench.play()
        bench.results["is_whole"] = not options.only
    except BaseException:
        screen.event("ended early; what was measured:")
        raise
    finally:
        bench.results["seconds"] = screen.elapsed()
        screen.lines(bench_report.lines_of(bench.results))
        if options.json:
            options.json.write_text(json.dumps(bench.results, indent=2) + "\n", encoding="utf-8")
    return conclude(bench.results, bench.results["is_whole"], options, screen)


def main():
    return run_program("bench", parser().parse_args(), perform)
