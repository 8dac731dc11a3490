"""The command `lab/faults`: every fault scenario on the real cluster, and a table of what its clients saw."""
import argparse
import itertools
import json
import pathlib
import signal

from . import fault
from .basics import PROJECT, LabError, require_root
from .evidence import Evidence
from .install import install
from .modes import MODES, bring_up, lab_of
from .program import run_program
from .screen import Screen, table


def parser():
    top = argparse.ArgumentParser(
        prog="lab/faults", description="Hurts real clusters in every way that lab/scenarios has, each under a writer "
        "through the virtual IP and one beside every server: prints for how long nobody could write, what became of "
        "acknowledged rows, and whether two servers accepted writes at once.",
        epilog="Exit code 0 only when every verdict is \"ok\". The logs of a run that isn't are kept in .build/faults.")
    top.add_argument("scenarios", nargs="*", metavar="NAME", help="only these; default all")
    top.add_argument("--list", action="store_true", help="say which scenarios there are")
    top.add_argument("--runs", type=int, default=1, metavar="N", help="run each so many times")
    top.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the outcomes to a file, too")
    top.add_argument("--name", default="faults", help="the beginning of the labs' names, default 'faults'")
    top.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"), help="where the built programs are")
    return top


def chosen(names):
    everything = fault.scenarios()
    unknown = set(names) - {scenario.name for scenario in everything}
    if unknown:
        raise LabError(f"no scenario \"{sorted(unknown)[0]}\": 'lab/faults --list' names them")
    return [scenario for scenario in everything if not names or scenario.name in names]


class Runner:
    def __init__(self, options, screen):
        self.options, self.screen = options, screen
        self.lab = None
        self.outcomes = []

    def run_mode(self, name, scenarios):
        """All runs of the scenarios of a mode, in one lab as long as it can be made whole."""
        try:
            for scenario in scenarios:
                for number in range(1, self.options.runs + 1):
                    self._run(name, scenario, number)
        finally:
            self._down()

    def _run(self, name, scenario, number):
        if self.lab is None:
            self.screen.event(f"a cluster for mode {name}")
            lab = lab_of(MODES[name], f"{self.options.name}-{name}", self.options.agent_dir)
            bring_up(lab, MODES[name])
            self.lab = lab
        evidence = Evidence(self.lab)
        outcome, notes = fault.run(self.lab, scenario)
        self.outcomes.append(outcome)
        self.screen.event("  ".join(outcome.cells()) + f"  ({outcome.seconds:.0f} s)")
        if outcome.verdict != "ok":
            directory = PROJECT / ".build" / "faults" / f"{scenario.name}-{number}"
            evidence.keep(outcome.facts(), notes, directory)
            (directory / "picture").write_text(outcome.picture)
            self.screen.event(f"  its logs are in {directory.relative_to(PROJECT)}")
        for note in notes:
            note.unlink(missing_ok=True)
        if not outcome.is_whole:
            self._down()

    def _down(self):
        if self.lab:
            # A second Ctrl-C doesn't leave half of it.
            former = signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.lab.down()
            signal.signal(signal.SIGINT, former)
        self.lab = None


def perform(options):
    scenarios = chosen(options.scenarios)
    if options.list:
        print("\n".join(table(("SCENARIO", "MODE", ""), [(each.name, each.mode, each.title) for each in scenarios])))
        return 0
    require_root()
    if options.runs < 1:
        raise LabError("--runs must be 1 at least")
    screen = Screen()
    install(screen.event)
    runner = Runner(options, screen)
    try:
        for name, group in itertools.groupby(scenarios, key=lambda each: each.mode):
            runner.run_mode(name, list(group))
    finally:
        summarize(runner.outcomes, options, screen)
    return 0 if all(outcome.verdict == "ok" for outcome in runner.outcomes) else 1


def summarize(outcomes, options, screen):
    """The table, of what was reached."""
    good = sum(outcome.verdict == "ok" for outcome in outcomes)
    screen.lines(["", *table(fault.HEADER, [outcome.cells() for outcome in outcomes]), "",
                  f"{good} of {len(outcomes)} ok; {screen.elapsed():.0f} s"])
    if options.json:
        options.json.write_text(json.dumps([outcome.facts() for outcome in outcomes], indent=2) + "\n")


def main():
    return run_program("faults", parser().parse_args(), perform)
