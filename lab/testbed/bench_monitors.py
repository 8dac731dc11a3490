"""The bench's monitors: what one costs in clusters of several sizes, and what a node at rest spends on them."""
import time

from . import measure
from .basics import LabError, wait_until
from .bench_case import Case

PRIMARY, STANDBY, ALONE, METADATA = "monitor, primary", "monitor, standby", "monitor, rep_mode=none", "meta-data"
# Most monitors of a primary at rest don't read the cluster; this one always does, as after any change.
READING = "monitor, primary, read"
SIZES = (2, 3, 5)
# A cluster at rest alone takes less than that.
MOST_BUSY = 0.5
# For how long a node at rest is watched, in seconds.
REST = 60
TICKS = 100
ADDRESS_MONITORS = "//primitive[@type='IPaddr2']/operations/op[@name='monitor']"
AGENTS = {"pgsql-ra": "pgsql-swift"}


class Monitors:
    """Of one contender, in labs of their own."""

    def __init__(self, contender, options, progress):
        self.contender, self.options, self.progress = contender, options, progress
        # {number of nodes: {action: figures}}, {role: share of one core}, and what made the figures worse.
        self.figures, self.shares, self.notes = {}, {}, []

    def run(self):
        for nodes in SIZES:
            self.progress(f"{self.contender.title}: monitors in a cluster of {nodes} nodes")
            case = Case(self.contender, f"{self.options.name}-{self.contender.key}", self.options.agent_dir, nodes)
            try:
                case.up()
                case.form()
                case.settle()
                self.figures[str(nodes)] = self.measured(case.lab, nodes)
                if nodes == 3:
                    self.shares = self.rested(case)
            except LabError as error:
                self.notes.append(f"{self.contender.title}, {nodes} nodes: {error}")
                self.progress(f"  {error}")
            finally:
                case.down()

    def measured(self, lab, nodes):
        """{action: facts}; those beside the two monitors only where all can be compared."""
        program = self.contender.program
        primary = lab.primary()
        standby = (lab.synchronous() or [name for name in lab.nodes if name != primary])[0]
        before = measure.processor_times()
        seen = measure.environments(lab, program, [primary, standby])
        busy = measure.busy_since(before)
        if busy > MOST_BUSY:
            self.notes.append(f"processors were {busy:.0%} busy while {nodes} nodes with {self.contender.title} "
                              "rested: other work ran on this machine and made walls longer")
        jobs = {PRIMARY: (primary, "monitor", 8, seen[primary]), STANDBY: (standby, "monitor", 0, seen[standby])}
        if nodes == 3 and self.contender.is_synchronous:
            jobs |= {READING: (primary, "monitor", 8, measure.by_hand(seen[primary])),
                     ALONE: (primary, "monitor", 0, measure.alone(seen[primary])),
                     METADATA: (primary, "meta-data", 0, seen[primary])}
        agent = AGENTS.get(program, program)
        runs = self.options.monitor_runs
        return {name: measure.measure(lab, node, agent, action, expected, environment, runs).facts()
                for name, (node, action, expected, environment) in jobs.items()}

    def rested(self, case):
        """The part of one core that a node spends on the instance's monitors, by role.

        Nobody looks after the addresses meanwhile, as the cluster's daemon knows only the sum of all its agents.
        """
        lab = case.lab
        self.progress(f"{self.contender.title}: nodes at rest for {REST} s")
        # Nothing else of the configuration is touched, nor what the agent keeps in it.
        lab.any_node().exec(["cibadmin", "--delete-all", "--force", "--xpath", ADDRESS_MONITORS])
        case.settle()
        primary = lab.primary()
        began = time.monotonic()
        before = {name: measure.children_time(lab, name) for name in lab.nodes}
        wait_until(lambda: time.monotonic() >= began + REST, REST + 1, "the end of the rest", step=0.2)
        spent = {name: measure.children_time(lab, name) - before[name] for name in lab.nodes}
        shares = {name: ticks / TICKS / (time.monotonic() - began) for name, ticks in spent.items()}
        return {"primary": shares[primary], "standby": max(share for name, share in shares.items() if name != primary)}
