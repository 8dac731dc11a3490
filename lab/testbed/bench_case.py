"""A cluster of one contender that the bench hurts, watches and makes whole again."""
import re
import signal
import time

from . import healing
from .basics import LabError, wait_until
from .bench_contenders import rest
from .client import Writer
from .writers import inserts_of

# How long a contender is waited for, in seconds.
MOST = 90
# A client writes steadily that got an answer at least so often, for a second.
STEADY, SPAN = 0.25, 1.0


class Case:
    """The cluster; a measurement may leave it without some of its nodes."""

    def __init__(self, contender, name, agent_directory, nodes=3):
        self.contender = contender
        self.lab = contender.lab(name, agent_directory, nodes)
        # When the newest measurement's fault was, and what its clients were told.
        self.start, self.rows = None, []
        self.is_up = False

    def up(self):
        self.lab.up()
        self.is_up = True
        self.contender.prepare(self.lab)

    def down(self):
        if self.is_up:
            # A second Ctrl-C doesn't leave half of it.
            former = signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.lab.down()
            signal.signal(signal.SIGINT, former)
        self.is_up = False

    def form(self):
        self.lab.configure(self.contender.text(self.lab))
        self.contender.wait_whole(self.lab, MOST)

    def settle(self):
        """Whole, and nothing under way."""
        rest(self.lab)
        self.contender.wait_whole(self.lab, MOST)

    # Under load

    def longest_gap(self, act, wait_over=None, **client):
        """The longest time without an acknowledged row from `act()` until all goes well again.

        That is after another server was promoted, or after `wait_over()`. Whoever writes is the first to know that one was:
        to ask the cluster meanwhile would make it slower.
        """
        self.lab.psql(self.lab.primary(), "TRUNCATE lab_rows")
        self.rows = []
        with Writer(self.lab, **client) as writer:
            try:
                wait_steady(writer)
                timeline = inserts_of(writer, None)[-1].timeline
                self.start = time.monotonic()
                act()
                if wait_over:
                    wait_over()
                else:
                    wait_promoted(writer, timeline)
                writer.wait_writing(MOST)
                wait_steady(writer)
                return writer.longest_gap(after=self.start)
            finally:
                self.rows = writer.acknowledged()

    # Afterwards

    def mend(self):
        """Whole again, by whatever the contender's administrator would do."""
        lab = self.lab
        wait_until(lambda: healing.is_mended(lab), 60, "every node on and connected", step=0.2)
        lab.wait_formed()
        for name in lab.nodes:
            lab.set_standby(name, False, check=False)
        if self.contender.is_floor:
            rest(lab)
            lab.any_node().exec(["crm_resource", "--cleanup"])
        else:
            wait_until(lambda: healing.is_noticed(lab), 60, "every dead instance noticed by the cluster", step=0.2)
            for name in self.absent():
                self.contender.bring_back(lab, name)
        self.settle()

    def absent(self):
        """The instances that don't come by themselves: those that failed, and those that are still not there."""
        rest(self.lab)
        primary = self.lab.wait_primary(MOST)
        others = [name for name in self.lab.nodes if name != primary]
        end = time.monotonic() + 20

        def missing():
            if self.contender.is_whole(self.lab):
                return []
            roles, attributes = self.lab.roles(), self.lab.attributes()
            failed = [name for name in others if roles.get(name) in ("stopped", "failed") and
                      any(key.startswith("fail-count-pgsql") for key in attributes.get(name, {}))]
            if failed:
                return failed
            if time.monotonic() > end:
                return [name for name in others if not self.lab.streams(name, primary)]
            return None
        return wait_until(lambda: (found := missing()) is not None and (found,), MOST, "the standbys", step=0.2)[0]


def wait_steady(writer, timeout=MOST):
    """Waits until a client has been answered all the time for a second."""
    def is_steady():
        if writer.process.poll() is not None:
            raise LabError(f"the writer ended with code {writer.process.returncode}")
        now = time.monotonic()
        times = [moment for _, moment in writer.acknowledged()[-5000:] if moment > now - SPAN - STEADY]
        moments = [*times, now]
        return bool(times) and times[0] <= now - SPAN and \
            all(right - left <= STEADY for left, right in zip(moments, moments[1:]))
    wait_until(is_steady, timeout, "a second of steady writing", step=0.05)


def wait_promoted(writer, timeline):
    """Waits for a row that was written on a newer timeline."""
    def is_promoted():
        return inserts_of(writer, None)[-1].timeline > timeline
    try:
        wait_until(is_promoted, MOST, "a newer timeline", step=0.1)
    except LabError:
        raise LabError(f"not recovered within {MOST} s") from None


def membership_times(lab):
    """(token, consensus) in seconds, as corosync computes them from its configuration."""
    node = next(iter(lab.nodes.values()))
    text = (node.directory / "etc-corosync" / "corosync.conf").read_text(encoding="utf-8")

    def told(name, default):
        found = re.search(rf"^\s*{name}:\s*(\d+)", text, re.MULTILINE)
        return int(found.group(1)) if found else default
    token = told("token", 3000) + max(0, len(lab.nodes) - 2) * told("token_coefficient", 650)
    return token / 1000, told("consensus", token * 1.2) / 1000


def fencing_time(lab, since):
    """Seconds that the power controller took for the first fencing after a moment; None without one."""
    path = lab.state / "power.times"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        began, ended, action, *_ = line.split()
        if float(began) >= since and action in ("off", "reboot"):
            return float(ended) - float(began)
    return None
