"""The command `lab/bench-rejoin`: seconds and bytes of each way back, beside a plain pg_basebackup in the same run."""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import time

from . import divergence
from .basics import PROJECT, REPLICATION_ADDRESS, LabError, require_root, wait_until
from .install import install
from .lab import Lab
from .program import run_program
from .screen import Screen, table

EXAMPLE = PROJECT / "crm-examples" / "three-node-sync.crm"
HEADER = ("METHOD", "SECONDS", "BYTES", "MEMORY", "RUNS")
MOST_FOLLOW, MOST_REWIND, MOST_REWIND_SHARE, MOST_COPY_RATIO, MOST_MEMORY = 3, 10, 0.05, 1.15, 50


def parser():
    top = argparse.ArgumentParser(
        prog="lab/bench-rejoin", description="Measures 'pgrex-tool rejoin' in a three-node cluster: from the command "
        "until WAL streams. A plain pg_basebackup of the same data runs before and after each copy.",
        epilog="Exit code 0 only when every limit is kept.")
    top.add_argument("--name", default="bench-rejoin", help="the lab's name, default 'bench-rejoin'")
    top.add_argument("--megabytes", type=int, default=int(os.environ.get("REJOIN_MEGABYTES", "1024")),
                     help="of data, default 1024 or REJOIN_MEGABYTES")
    top.add_argument("--runs", type=int, default=3, help="of each method, default 3")
    top.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"), help="where the built programs are")
    return top


class Sample:
    """One way back, or one plain copy."""

    def __init__(self, seconds, received, memory=None):
        self.seconds, self.received, self.memory = seconds, received, memory


class Bench:
    def __init__(self, lab, screen, options):
        self.lab, self.screen, self.options = lab, screen, options
        self.samples = {}

    def note(self, name, sample):
        self.samples.setdefault(name, []).append(sample)
        memory = f", {sample.memory:.0f} MB of memory" if sample.memory else ""
        self.screen.event(f"  {name}: {sample.seconds:.2f} s, {sample.received / 1e6:.1f} MB{memory}")

    # The data

    def fill(self):
        self.screen.event(f"filling {self.options.megabytes} MB")
        primary = self.lab.primary()
        # A page holds seven rows of a kilobyte. No vacuum comes in between the measurements.
        rows = self.options.megabytes * 1024 * 7 // 8
        self.lab.psql(primary, "CREATE TABLE filling (i bigint, text text) WITH (autovacuum_enabled = off); "
                               "ALTER TABLE filling ALTER text SET STORAGE PLAIN")
        self.lab.psql(primary, "INSERT INTO filling SELECT i, repeat(md5(i::text), 31) "
                               f"FROM generate_series(1, {rows}) AS i", timeout=600)
        self.lab.psql(primary, "VACUUM (FREEZE) filling", timeout=600)
        self.keep_little()
        self.calm()

    def keep_little(self):
        """Has the servers keep little WAL.

        A server keeps as much WAL as it may, and files for WAL to come; pg_rewind (up to PostgreSQL 18) fetches all of them.
        Few are kept here, so that what is measured is the divergence.
        """
        for name in self.lab.nodes:
            for setting in ("wal_keep_size = 0", "min_wal_size = '32MB'", "max_wal_size = '32MB'", "wal_recycle = off"):
                self.lab.psql(name, f"ALTER SYSTEM SET {setting}")
            self.lab.psql(name, "SELECT pg_reload_conf()")

    def shrink(self):
        """The standbys give up the WAL that they kept, once the slots on them have moved on: one of them is next."""
        primary = self.lab.primary()
        standbys = [name for name in self.lab.nodes if name != primary]
        self.lab.psql(primary, "SELECT pg_switch_wal()")

        def sizes():
            return {name: int(self.lab.psql(name, "SELECT sum(size) FROM pg_ls_waldir()")) for name in standbys}

        def is_small():
            self.lab.psql(primary, "INSERT INTO lab_rows (id) VALUES ((random() * 1e15)::bigint)")
            for name in (primary, *standbys):
                self.lab.psql(name, "CHECKPOINT", timeout=300)
            return max(sizes().values()) < 17 << 20
        try:
            wait_until(is_small, 60, "standbys that keep little WAL", step=1)
        except LabError:
            self.screen.event(f"  WAL that is kept: {sizes()}")

    def calm(self):
        """Everybody has replayed all, and the disks have what was written."""
        self.lab.wait_healthy(120)
        primary = self.lab.primary()
        for _ in range(2):
            self.lab.psql(primary, "CHECKPOINT", timeout=300)
        wait_until(lambda: self.lab.psql(
            primary, "SELECT bool_and(replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication", check=False) == "t",
                   300, "standbys that have replayed everything", step=0.2)
        os.sync()

    # The measurements

    def measured(self, node, words, timeout=1200):
        """Runs a command on a node: seconds, bytes that came in, the largest process in MB, its output."""
        before = divergence.received_bytes(self.lab, node)
        start = time.monotonic()
        with subprocess.Popen(self.lab.nodes[node].command(words), cwd="/", text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            output, complaint = process.communicate(timeout=timeout)
        seconds = time.monotonic() - start
        if process.returncode != 0:
            raise LabError(f"{' '.join(words)}: exit code {process.returncode}: {complaint.strip() or output.strip()}")
        return seconds, divergence.received_bytes(self.lab, node) - before, output

    def rejoin(self, node, method):
        """One `pgrex-tool rejoin`; its memory is watched from outside, its programs' included."""
        words = ["pgrex-tool", "rejoin", "--json", "--method", method]
        watch = MemoryWatch(self.lab, node)
        with watch:
            seconds, received, output = self.measured(node, words)
        report = json.loads(output)
        if report["outcome"] != "following" or report["method"] != method:
            raise LabError(f"{method} ended otherwise: {output}")
        # What comes after that, the removal of the former data, keeps nobody waiting.
        self.note(method, Sample(report["milliseconds"] / 1000, received, watch.most))
        for remark in report["remarks"]:
            self.screen.event(f"    {remark}")
        self.screen.event(f"    the command itself: {seconds:.2f} s")

    def plain(self, node):
        """A plain pg_basebackup of the same data on the same node, which is removed again."""
        target = self.lab.nodes[node].data_directory.with_name("plain")
        words = ["runuser", "-u", "postgres", "--", "pg_basebackup", "-D", "/var/lib/postgresql/plain", "-h",
                 REPLICATION_ADDRESS, "-U", "repuser", "-X", "stream", "-c", "fast"]
        seconds, received, _ = self.measured(node, words)
        shutil.rmtree(target)
        os.sync()
        self.note("pg_basebackup", Sample(seconds, received))

    def play(self):
        self.fill()
        for run in range(self.options.runs):
            self.screen.event(f"run {run + 1} of {self.options.runs}")
            victim = self.standby()
            divergence.fail(self.lab, victim)
            self.rejoin(victim, "follow")
            self.calm()
            self.shrink()
            old, _ = divergence.diverge(self.lab)
            self.rejoin(old, "rewind")
            self.calm()
            victim = self.standby()
            divergence.fail(self.lab, victim)
            self.plain(victim)
            self.rejoin(victim, "copy")
            self.calm()
            victim = self.standby()
            divergence.fail(self.lab, victim)
            self.plain(victim)
            self.rejoin(victim, "follow")
            self.calm()

    def standby(self):
        primary = self.lab.primary()
        return next(name for name in self.lab.nodes if name != primary)

    # The outcome

    def median(self, name, what="seconds"):
        return statistics.median(getattr(sample, what) for sample in self.samples[name])

    def rows(self):
        for name, samples in self.samples.items():
            seconds = ", ".join(f"{sample.seconds:.2f}" for sample in samples)
            memory = max((sample.memory or 0 for sample in samples), default=0)
            yield (name, f"{self.median(name):.2f} s", f"{self.median(name, 'received') / 1e6:.1f} MB",
                   f"{memory:.0f} MB" if memory else "-", seconds)

    def checks(self):
        """[(whether it holds, what)]."""
        plain = self.median("pg_basebackup")
        share = self.median("rewind", "received") / self.median("copy", "received")
        ratio = self.median("copy") / plain
        memory = max(sample.memory or 0 for samples in self.samples.values() for sample in samples)
        return [
            (self.median("follow") <= MOST_FOLLOW,
             f"follow: {self.median('follow'):.2f} s, at most {MOST_FOLLOW} s"),
            (self.median("rewind") <= MOST_REWIND,
             f"rewind: {self.median('rewind'):.2f} s, at most {MOST_REWIND} s"),
            (share <= MOST_REWIND_SHARE, f"rewind: {share:.1%} of a copy's bytes, at most {MOST_REWIND_SHARE:.0%}"),
            (ratio <= MOST_COPY_RATIO,
             f"copy: {ratio:.2f} times a plain pg_basebackup, at most {MOST_COPY_RATIO}"),
            (memory <= MOST_MEMORY, f"memory: {memory:.0f} MB, at most {MOST_MEMORY} MB")]


class MemoryWatch:
    """The largest resident size of the tool on a node, without what it shares with others."""

    def __init__(self, lab, node):
        self.lab, self.node, self.most = lab, node, 0.0

    def __enter__(self):
        # Looks every 20 ms inside of the node; a process of its own, so that it doesn't slow down what is measured.
        script = ("most=0; while :; do for pid in $(pgrep -x pgrex-tool); do "
                  "size=$(sed -n 's/^RssAnon:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null); "
                  "[ \"${size:-0}\" -gt $most ] && most=$size && echo $most; done; sleep 0.05; done")
        self._process = subprocess.Popen(self.lab.nodes[self.node].command(["sh", "-c", script]), cwd="/", text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        return self

    def __exit__(self, *_):
        os.killpg(self._process.pid, signal.SIGKILL)
        lines = self._process.stdout.read().split()
        self._process.wait()
        self.most = int(lines[-1]) / 1024 if lines else 0.0


def perform(options):
    require_root()
    screen = Screen()
    install(screen.event)
    lab = Lab(options.name, 3, options.agent_dir)
    lab.up(screen.event)
    try:
        lab.configure(EXAMPLE.read_text(encoding="utf-8"))
        lab.wait_healthy()
        bench = Bench(lab, screen, options)
        bench.play()
        found = bench.checks()
        screen.lines(["", *table(HEADER, list(bench.rows())), "",
                      *(f"{'ok' if holds else 'NOT KEPT'}: {what}" for holds, what in found)])
        return 0 if all(holds for holds, _ in found) else 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lab.down()


def main():
    return run_program("bench-rejoin", parser().parse_args(), perform)
