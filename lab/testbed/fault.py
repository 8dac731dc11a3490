"""One fault scenario: read from its file, run on a whole cluster, judged by what its clients saw."""
import contextlib
import dataclasses
import importlib.util
import pathlib
import time

from . import healing
from .basics import LabError
from .modes import MODES
from .stage import Stage, Unexpected
from .writers import Writers, two_writers

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "scenarios"
# In asynchronous mode an acknowledged row may be lost when it is younger than this at the fault, in seconds.
MOST_LOSS = 1.0


class Scenario:
    """A file of lab/scenarios: MODE, VICTIM, GAP (seconds, at most) and `hurt(stage)`; its header says what for."""

    def __init__(self, path):
        self.name = path.stem
        spec = importlib.util.spec_from_file_location(self.name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.mode, self.victim, self.gap, self.hurt = module.MODE, module.VICTIM, module.GAP, module.hurt
        self.title = module.__doc__.strip().splitlines()[0]
        if self.mode not in MODES:
            raise LabError(f"{path}: no mode \"{self.mode}\": there are {' '.join(MODES)}")


def scenarios():
    """All of them, in the order of their modes, so that one lab serves many."""
    found = [Scenario(path) for path in sorted(SCENARIOS.glob("*.py"))]
    return sorted(found, key=lambda each: (list(MODES).index(each.mode), each.name))


@dataclasses.dataclass
class Outcome:
    """What came of one run; None is what wasn't reached."""

    scenario: str
    mode: str
    victim: str
    gap: float = None
    gap_limit: float = None
    acknowledged: int = None
    lost: int = None
    two_writers: str = None
    rebuilt: list = dataclasses.field(default_factory=list)
    fenced: list = dataclasses.field(default_factory=list)
    seconds: float = None
    is_whole: bool = False
    problems: list = dataclasses.field(default_factory=list)
    # What an operator would have looked at when something went wrong.
    picture: str = ""

    @property
    def verdict(self):
        return "; ".join(self.problems) or "ok"

    def facts(self):
        """For programs."""
        facts = dataclasses.asdict(self)
        del facts["picture"]
        return {**facts, "verdict": self.verdict}

    def cells(self):
        def shown(value):
            return "-" if value is None else str(value)
        return (self.scenario, self.victim, "-" if self.gap is None else f"{self.gap:.2f}", shown(self.acknowledged),
                shown(self.lost), "-" if self.lost is None else "YES" if self.two_writers else "no", self.verdict)


HEADER = ("SCENARIO", "VICTIM", "LONGEST GAP (S)", "ACKNOWLEDGED", "LOST", "TWO WRITERS", "VERDICT")


def resolved(victim, stage):
    """The scenario's words for its victim with the nodes' names put in."""
    roles = {"primary": stage.primary, "standby": stage.standby}
    if len(stage.standbys) > 1:
        roles["other"] = f"standby {stage.other}"
    return " ".join(f"{word} {roles[word]}" if word in roles else word for word in victim.split())


def run(lab, scenario):
    """Runs a scenario on a whole cluster and leaves it whole again, or says that it isn't.

    Gives its outcome and the files in which its writers noted what was acknowledged.
    """
    began = time.monotonic()
    mode = MODES[scenario.mode]
    outcome = Outcome(scenario.name, scenario.mode, scenario.victim, gap_limit=scenario.gap)
    stage, notes = None, []
    try:
        # So that each scenario looks for its own rows only.
        lab.psql(lab.primary(), "TRUNCATE lab_rows")
        with Writers(lab) as writers:
            notes = writers.notes()
            writers.wait_writing()
            stage = Stage(lab, writers)
            hurt(scenario, stage, outcome)
            # Afterwards, as a scenario may have brought the primary elsewhere before its fault.
            outcome.victim = resolved(scenario.victim, stage)
            heal(lab, mode, stage, outcome)
        judge(mode, stage, outcome)
        outcome.fenced = stage.fenced()
    except LabError as error:
        # What an earlier scenario left behind, or the lab itself: the next one gets another cluster.
        outcome.problems.append(f"not begun: {error}" if stage is None else str(error))
        outcome.is_whole = False
        outcome.picture += healing.picture(lab)
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome, notes


def hurt(scenario, stage, outcome):
    try:
        scenario.hurt(stage)
        stage.serves()
    except (LabError, Unexpected) as error:
        outcome.problems.append(str(error))
        # Healing changes what is to be seen.
        outcome.picture = healing.picture(stage.lab)


def heal(lab, mode, stage, outcome):
    try:
        outcome.rebuilt = sorted(healing.make_whole(lab, lambda: mode.wait_whole(lab, timeout=0.2)))
        stage.serves()
        outcome.is_whole = True
    except LabError as error:
        outcome.problems.append(f"not whole: {error}")
        outcome.picture += healing.picture(lab)


def judge(mode, stage, outcome):
    """What the clients saw, healing included."""
    inserts = stage.writers.inserts()
    outcome.acknowledged = len(inserts)
    outcome.two_writers = two_writers(inserts)
    if outcome.two_writers:
        outcome.problems.insert(0, f"TWO WRITERS: {outcome.two_writers}")
    with contextlib.suppress(LabError):
        lost = stage.writers.lost(inserts)
        outcome.lost = len(lost)
        oldest = max((stage.start - insert.acknowledged for insert in lost), default=0)
        if lost and mode.is_synchronous:
            outcome.problems.insert(0, f"LOST: {told(lost, stage.start)}")
        elif oldest > MOST_LOSS:
            outcome.problems.insert(0, f"LOST: rows up to {oldest:.2f} s older than the fault")
    if outcome.lost is None:
        outcome.problems.append("no primary tells its rows")
    outcome.gap = stage.writers.through_address.longest_gap(after=stage.start)
    if outcome.gap is not None and outcome.gap > outcome.gap_limit:
        outcome.problems.append(f"gap of {outcome.gap:.2f} s, at most {outcome.gap_limit} s")


def told(lost, start):
    """Where and when the lost rows were acknowledged."""
    by_node = {}
    for insert in lost:
        by_node.setdefault((insert.node or "virtual IP", insert.timeline), []).append(insert.acknowledged - start)
    return ", ".join(f"{len(moments)} by {node} on timeline {timeline} {min(moments):+.2f} to {max(moments):+.2f} s"
                     for (node, timeline), moments in by_node.items())
