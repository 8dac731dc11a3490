"""The bench's measurements: each hurts a whole cluster in one way, and says for how long its clients noticed."""
import dataclasses
import re
import time

from . import clusterlog
from .addresses import AddressWatch
from .basics import LabError, wait_until
from .bench_case import MOST, fencing_time
from .client import lost_of

PRIMARY_MONITOR = "//primitive[@id='pgsql']/operations/op[@name='monitor' and @role]"


@dataclasses.dataclass
class Sample:
    """What came of one run; a reason where there is no value."""

    value: float = None
    reason: str = ""
    # Rows that clients were told to be there, and how many of them aren't.
    acknowledged: int = 0
    lost: int = None
    facts: dict = dataclasses.field(default_factory=dict)


class Unfit(Exception):
    """Why a contender can't be measured so."""


def formation(case):
    """From the configuration in the cluster until a primary serves and every standby streams."""
    since = time.monotonic()
    case.form()
    ended = time.monotonic()
    began = [clusterlog.moment_of(node, ["++ ", 'id="pgsql-clone"'], since) for node in case.lab.nodes.values()]
    return Sample(ended - min(moment for moment in began if moment))


def postmaster_killed(case):
    """SIGKILL to the primary's postmaster; also from there until the address answers on another node."""
    former = case.lab.primary()
    with AddressWatch(case.lab) as watch:
        watch.wait_at(former, 30)
        gap = case.longest_gap(lambda: case.lab.kill_postmaster(former))
        # It stays when the instance is restarted in place.
        moved = watch.moved(former, case.start)
        return Sample(gap, facts={"address": moved and moved - case.start})


def power_cut(case):
    """The power of the primary's node; also how long the power controller took to fence it."""
    former = case.lab.primary()
    gap = case.longest_gap(lambda: case.lab.power_off(former))
    return Sample(gap, facts={"fencing": fencing_time(case.lab, case.start)})


def hang(case):
    """SIGSTOP to the primary's postmaster, seen by a client that opens a connection for each row."""
    node = case.lab.nodes[case.lab.primary()]
    return Sample(case.longest_gap(lambda: node.exec(["kill", "-STOP", node.postmaster()]), is_fresh=True))


def hang_watched(case):
    """The same, found out by a monitor every second."""
    former = case.lab.any_node().exec(["cibadmin", "--query", "--xpath", PRIMARY_MONITOR]).stdout.strip()
    write_operation(case, set_interval(former, "1s"))
    try:
        case.settle()
        return hang(case)
    finally:
        write_operation(case, former)


def write_operation(case, text):
    case.lab.any_node().exec(["cibadmin", "--modify", "--xml-text", text])


def set_interval(operation, interval):
    text, count = re.subn(r'\binterval="[^"]*"', f'interval="{interval}"', operation)
    if count != 1:
        raise LabError(f"the primary's monitor isn't one operation: {operation}")
    return text


def switchover(case):
    """The primary's node in standby mode."""
    former = case.lab.primary()
    return Sample(case.longest_gap(lambda: case.lab.set_standby(former, True)))


def standby_killed(case):
    """SIGKILL to the synchronous standby's postmaster: how long a commit waits."""
    return standby_lost(case, case.lab.kill_postmaster)


def standby_power_cut(case):
    """The power of the synchronous standby's node: how long a commit waits."""
    return standby_lost(case, case.lab.power_off)


def standby_lost(case, hurt):
    """A client that waits for its commit as long as it takes."""
    if not case.contender.is_synchronous:
        raise Unfit("no synchronous mode")
    name = case.lab.synchronous()[0]

    def wait_replaced():
        wait_until(lambda: case.lab.attribute(name, "pgsql-status") != "HS:sync", MOST,
                   f"the record that {name} isn't synchronous any more", step=0.5)
    return Sample(case.longest_gap(lambda: hurt(name), wait_replaced, patience=MOST))


def report(case):
    """The failure of an instance that does nothing is reported: until the address answers on another node."""
    former = case.lab.primary()
    with AddressWatch(case.lab) as watch:
        watch.wait_at(former, 30)
        start = time.monotonic()
        case.lab.exec(former, ["crm_resource", "--fail", "--resource", "pgsql", "--node", former])
        return Sample(watch.wait_moved(former, start, MOST) - start)


def measured(case, measurement):
    """A sample, whatever happens; the cluster may have to be mended then."""
    case.rows = []
    try:
        return measurement(case)
    except (Unfit, LabError) as error:
        return Sample(reason=str(error))


def finish(case, sample):
    """Makes the cluster whole and looks for the rows that clients believe to be there."""
    sample.acknowledged = len(case.rows)
    case.mend()
    sample.lost = len(lost_of(case.lab, case.rows)) if case.rows else 0


@dataclasses.dataclass(frozen=True)
class Measurement:
    key: str
    title: str
    run: object
    # Those that aren't measured so, by how they are named.
    without: tuple = ()


FLOORS = ("floor", "floor-quiet")
MEASUREMENTS = {each.key: each for each in (
    Measurement("formation", "Formation", formation, FLOORS),
    Measurement("standby-killed", "Commit stall: synchronous standby's postmaster killed", standby_killed,
                (*FLOORS, "ours-quiet")),
    Measurement("standby-power-cut", "Commit stall: synchronous standby's power cut", standby_power_cut,
                (*FLOORS, "ours-quiet")),
    Measurement("switchover", "Switchover (node in standby mode)", switchover, FLOORS),
    Measurement("postmaster-killed", "Primary's postmaster killed", postmaster_killed, FLOORS),
    Measurement("power-cut", "Primary's power cut", power_cut, FLOORS),
    Measurement("hang", "Primary's postmaster hangs (SIGSTOP)", hang, (*FLOORS, "ours-quiet")),
    Measurement("hang-watched", "The same with a monitor every second", hang_watched,
                (*FLOORS, "ours-quiet", "pgsql", "paf")),
    Measurement("report", "Failure report until the virtual IP answers elsewhere", report,
                ("ours", "ours-quiet", "pgsql", "paf")))}
