"""The command `lab/demo`: a cluster under load loses its primary four times, and no acknowledged row."""
import argparse
import contextlib
import dataclasses
import pathlib
import signal
import threading
import time

from . import divergence
from .basics import PROJECT, LabError, require_root, wait_until
from .client import Writer
from .cluster import DIVERGED
from .install import install
from .lab import Lab
from .observer import Observer
from .program import run_program
from .screen import Screen, table

LIMIT = 60


def parser():
    top = argparse.ArgumentParser(
        prog="lab/demo", description="Shows a cluster under load survive a killed postmaster, a power cut, a "
        "planned switchover, and a primary that is killed with a commit of its own and brought back by one command; "
        "counts what clients notice. Takes less than three minutes.",
        epilog="Exit code 0 only when every act succeeded and no acknowledged row was lost.")
    top.add_argument("--name", default="demo", help="the lab's name, default 'demo'")
    top.add_argument("--example", default=str(PROJECT / "crm-examples" / "three-node-sync.crm"),
                     help="the configuration of three nodes to load")
    top.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"), help="where the built programs are")
    top.add_argument("--keep", action="store_true", help="leave the lab up at the end")
    return top


@dataclasses.dataclass
class Act:
    """What came of one act; None is what wasn't reached."""

    title: str
    former: str
    start: float
    new: str = None
    promoted: float = None
    fenced: float = None
    gap: float = None
    rows: int = None
    lost: int = None
    restored: float = None

    def cells(self):
        def seconds(value):
            return "-" if value is None else f"{value:.2f} s"
        return (self.title, f"{self.former} -> {self.new or '?'}", seconds(self.fenced), seconds(self.promoted),
                seconds(self.gap), seconds(self.restored), str(self.rows if self.rows is not None else "-"),
                str(self.lost if self.lost is not None else "-"))


HEADER = ("ACT", "PRIMARY", "FENCED", "PROMOTED", "LONGEST GAP", "ALL IN PLACE", "ROWS", "LOST")


class Demo:
    def __init__(self, lab, screen):
        self.lab, self.screen = lab, screen
        self.observer = Observer(lab, self._on_fenced)
        self.writer = None
        self.acts = []

    def _on_fenced(self, line):
        action, _, rest = line.partition(" ")
        self.screen.event(f"  fencing: the power controller was told \"{action} {rest.partition(':')[0]}\""
                          f" and answered \"{rest.partition(': ')[2]}\"")

    def _foot(self):
        if self.writer is None:
            return "client: not started"
        rows = self.writer.acknowledged()
        since = f", the last one {time.monotonic() - rows[-1][1]:.2f} s ago" if rows else ""
        return f"client through the virtual IP: {len(rows)} rows acknowledged{since}"

    @contextlib.contextmanager
    def watching(self):
        """The table, redrawn beside whatever goes on."""
        ending = threading.Event()

        def redraw():
            while not ending.wait(0.2):
                self.screen.refresh()
        thread = threading.Thread(target=redraw, daemon=True)
        with self.observer:
            self.screen.watch(lambda: (self.observer.nodes(), self._foot()))
            thread.start()
            try:
                yield
            finally:
                ending.set()
                thread.join()
                self.screen.refresh()
                self.screen.watch(None)

    def wait_healthy(self):
        wait_until(self.observer.is_healthy, LIMIT, "a primary, two standbys that stream and one of them synchronous")

    def play(self):
        """All acts; True when each succeeded and nothing was lost."""
        self.wait_healthy()
        self.screen.event("healthy; starting a client that inserts rows through the virtual IP and notes every one "
                          "that was acknowledged")
        with Writer(self.lab) as self.writer:
            self.writer.wait_writing()
            self.act("postmaster killed", "killing the postmaster of the primary {}", self.lab.kill_postmaster,
                     self.bring_back_failed)
            self.act("power cut", "cutting the power of the primary {}", self.lab.power_off, lambda name: None)
            self.act("planned switchover", "planned switchover: putting the primary {} in standby mode",
                     self.standby_on, self.standby_off)
            self.act("killed with own WAL", "killing the primary {} right after a commit that no standby has got",
                     self.part_ways, self.rejoin)
            self.writer.stop()
            return not self.writer.lost()

    def act(self, title, text, hurt, restore):
        # The server has a synchronous standby a moment before the record says so; until then nobody else may be promoted.
        self.lab.wait_healthy(LIMIT)
        former = self.observer.primary()
        if former is None:
            raise LabError("no primary before the next act: 'lab/lab status'")
        self.screen.event(f"ACT {len(self.acts) + 1}: " + text.format(former))
        act = Act(title, former, time.monotonic())
        self.acts.append(act)
        hurt(former)
        act.new = self.observer.wait_other_primary(former, LIMIT)
        act.promoted = time.monotonic() - act.start
        self.screen.event(f"  {act.new} is promoted after {act.promoted:.2f} s")
        self.writer.wait_writing(LIMIT)
        self.measure(act)
        self.screen.event(f"  the client goes on; its longest gap: {act.gap:.2f} s")
        restore(former)
        self.wait_in_place(former)
        self.measure(act)
        act.restored = time.monotonic() - act.start
        act.lost = len(self.writer.lost())
        self.screen.event(f"  {former} is a standby again, all is in place after {act.restored:.1f} s; "
                          f"{act.rows} rows acknowledged meanwhile, {act.lost} lost")
        if act.lost:
            raise LabError(f"{act.lost} acknowledged rows are lost")

    def measure(self, act):
        act.gap = self.writer.longest_gap(after=act.start)
        act.rows = sum(moment >= act.start for _, moment in self.writer.acknowledged())
        fenced = [moment for _, moment in self.observer.fenced if moment >= act.start]
        act.fenced = fenced[0] - act.start if fenced else None

    def node(self, name):
        return next(node for node in self.observer.nodes() if node.name == name)

    def bring_back_failed(self, name):
        """As an operator does, once the cluster has put the failed instance aside."""
        wait_until(lambda: self.node(name).cluster_role == "stopped", LIMIT, f"the instance of {name} set aside")
        self.screen.event(f"  the cluster leaves {name} to an operator")
        self.command(name, "pgrex-tool", "rejoin")

    def command(self, name, *words):
        """Runs an operator's command on a node, and shows what it says."""
        self.screen.event(f"  {name}# {' '.join(words)}")
        start = time.monotonic()
        result = self.lab.exec(name, words, timeout=LIMIT * 2, check=False)
        for line in result.stdout.splitlines():
            self.screen.event(f"    {line}")
        if result.returncode != 0:
            raise LabError(f"{' '.join(words)} on {name}: exit code {result.returncode}: {result.stderr.strip()}")
        return time.monotonic() - start

    def part_ways(self, name):
        divergence.part_ways(self.lab, name, "INSERT INTO lab_rows (id) VALUES (-1)")

    def rejoin(self, name):
        """One command: the WAL that is given up is saved, the data are rewound, the standby streams."""
        wait_until(lambda: self.node(name).cluster_role == "stopped", LIMIT, f"the instance of {name} set aside")
        seconds = self.command(name, "pgrex-tool", "rejoin")
        self.screen.event(f"  {name} streams {seconds:.2f} s after the command")
        self.command(name, "pgrex-tool", "ledger", "list")

    def standby_on(self, name):
        self.lab.set_standby(name, True)

    def standby_off(self, name):
        wait_until(lambda: self.node(name).cluster_role == "stopped", LIMIT, f"the instance of {name} stopped")
        self.screen.event(f"  standby mode of {name} ends")
        self.lab.set_standby(name, False)

    def wait_in_place(self, name):
        """Waits until all is healthy; data that have diverged are made anew, once."""
        def refusal():
            reason = self.observer.start_failure(name)
            return reason if reason and DIVERGED in reason else None
        wait_until(lambda: self.observer.is_healthy() or refusal(), LIMIT, "the cluster whole again")
        reason = refusal()
        if reason is None:
            return
        self.screen.event(f"  safety: {name} isn't started, as it has WAL that no other node has: \"{reason}\"")
        self.screen.event(f"  its data are made anew from those of {self.observer.primary()}")
        self.lab.rebuild(name)
        wait_until(lambda: refusal() is None and self.observer.is_healthy(), LIMIT, "the cluster whole again")

    def summary(self, is_whole, text):
        rows = len(self.writer.acknowledged()) if self.writer else 0
        self.screen.lines(["", *table(HEADER, [act.cells() for act in self.acts]), "",
                           f"{rows} rows acknowledged in all, {text}; "
                           f"{'all acts succeeded' if is_whole else 'NOT all acts succeeded'}; "
                           f"{self.screen.elapsed():.0f} s"])


def play(lab, screen, example):
    """Loads the configuration and plays; True when all went well."""
    demo = Demo(lab, screen)
    is_whole, text = False, "not all was counted"
    try:
        with demo.watching():
            screen.event(f"loading {example.name}")
            lab.configure(example.read_text(encoding="utf-8"))
            is_whole = demo.play()
            text = "0 lost" if is_whole else "SOME LOST"
    except LabError as error:
        screen.event(f"failed: {error}")
    demo.summary(is_whole, text)
    return is_whole


def perform(options):
    require_root()
    screen = Screen()
    example = pathlib.Path(options.example)
    if not example.is_file():
        raise LabError(f"no file {example}: see crm-examples/")
    install(screen.event)
    lab = Lab(options.name, 3, options.agent_dir)
    lab.up(screen.event)
    try:
        return 0 if play(lab, screen, example) else 1
    finally:
        if options.keep:
            screen.event(f"left up: 'lab/lab status --name {lab.name}', 'lab/lab down --name {lab.name}'")
        else:
            # A second Ctrl-C must not leave half of it behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            screen.event("tearing down")
            lab.down()


def main():
    return run_program("demo", parser().parse_args(), perform)
