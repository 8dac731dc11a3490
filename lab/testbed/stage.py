"""What a fault scenario acts on: the cluster, who had which role when it began, and the ways to hurt and to wait."""
import time

from . import clusterlog, healing
from .basics import REPLICATION_ADDRESS, LabError, wait_until

PROMOTE = "heartbeat/pgsql-swift promote"


class Unexpected(Exception):
    """What a scenario saw and its header rules out."""


class Stage:
    def __init__(self, lab, writers):
        self.lab, self.writers = lab, writers
        self._fenced = len(healing.fenced(lab))
        self.look()

    def look(self):
        """Notes who has which role, and that the fault begins now."""
        self.primary = self.lab.primary()
        self.standbys = [name for name in self.lab.nodes if name != self.primary]
        self.standbys.sort(key=lambda name: (-self.score(name), name))
        self.begin()

    def score(self, name):
        """A node's promotion score; below 0 when it has none or may not be promoted."""
        score = self.lab.attribute(name, "master-pgsql") or "-1"
        return int(score) if score.lstrip("-").isdigit() else -1

    @property
    def standby(self):
        """The synchronous standby; in asynchronous mode the first in rank."""
        return self.standbys[0]

    @property
    def other(self):
        """The standby that commits don't wait for."""
        return self.standbys[1]

    def begin(self):
        """What follows is the fault; gaps and losses are held against this moment."""
        self.start = time.monotonic()

    # What is waited for

    def wait(self, condition, timeout, what, step=0.05):
        return wait_until(condition, timeout, what, step=step)

    def failover(self, timeout=60):
        """Waits until another node than the first primary is promoted, and gives it."""
        return self.lab.wait_primary(timeout, other_than=self.primary)

    def serves(self, timeout=90, times=1):
        """Waits until two more commits through the virtual IP are acknowledged: the first may end a long wait."""
        for _ in range(2 * times):
            self.writers.through_address.wait_writing(timeout)

    def largest_gap(self):
        """The longest time without an acknowledgement since the fault began, in seconds."""
        return self.writers.through_address.longest_gap(after=self.start) or 0

    def writes(self, count, timeout=60):
        """Waits for so many more commits through the virtual IP."""
        writer = self.writers.through_address
        wanted = len(writer.acknowledged()) + count
        self.wait(lambda: len(writer.acknowledged()) >= wanted, timeout, f"{count} acknowledged rows", step=0.02)

    def replaced(self, name, timeout=60):
        """Waits until a standby is recorded as not promotable, and another one as promotable."""
        self.wait(lambda: self.score(name) < 0 and any(self.score(other) > 0 for other in self.standbys), timeout,
                  f"a record of another standby than {name}", step=0.1)

    def alone(self, timeout=60):
        """Waits until no standby is recorded as promotable."""
        self.wait(lambda: self.score(self.primary) > 0 and all(self.score(name) < 0 for name in self.standbys), timeout,
                  "a record that no standby has everything", step=0.1)

    def goes_on(self, words, within):
        """Waits for the first commit after the first primary's node knew something, and holds their distance against a limit.

        `words` are those of a line in Pacemaker's log there.
        """
        node = self.lab.nodes[self.primary]
        known = self.wait(lambda: clusterlog.moment_of(node, words, self.start), 60, " ".join(words), step=0.1)
        writer = self.writers.through_address
        writer.wait_writing(since=known)
        distance = min(moment for _, moment in writer.acknowledged() if moment > known) - known
        self.expect(distance <= within, f"commits went on {distance:.2f} s after the cluster knew that they could")

    def whole(self, timeout=60):
        self.lab.wait_healthy(timeout)

    def fenced(self, *names):
        """The requests to the power controller since the beginning, of these nodes or of all."""
        lines = healing.fenced(self.lab)[self._fenced:]
        return [line for line in lines if not names or any(f" {name}:" in line for name in names)]

    def wait_fenced(self, name, timeout=60):
        self.wait(lambda: self.fenced(name), timeout, f"the fencing of {name}")

    def is_running(self, name, command):
        """Whether a command line with these words runs on a node."""
        if not self.lab.nodes[name].init_process():
            return False
        return self.lab.exec(name, ["pgrep", "-f", command], check=False).returncode == 0

    def wait_promoting(self, name, timeout=60):
        """Waits until the agent's `promote` runs on a node; looks as often as it can, as that may take 0.1 s only."""
        self.wait(lambda: self.is_running(name, PROMOTE), timeout, f"the promotion of {name}", step=0.001)

    def last(self, seconds):
        """How long a fault lasts is a part of it; nothing is waited for."""
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= end, seconds + 1, "the end of the fault", step=0.01)

    def settled(self):
        """Waits until all nodes are there and the cluster has nothing left to do."""
        self.lab.wait_formed()
        self.lab.any_node().exec(["crm_resource", "--wait", "--timeout=90"], timeout=100, check=False)

    def streams(self, name):
        """Whether the first primary has a standby's connection."""
        return self.lab.streams(name, self.primary)

    def position(self):
        """The first primary's position in the WAL, in bytes."""
        return int(self.lab.psql(self.primary, "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint"))

    def has_slot(self, name):
        """Whether the first primary has a slot for a node."""
        return self.lab.psql(self.primary, f"SELECT true FROM pg_replication_slots WHERE slot_name = 'slot_{name}'") == "t"

    def expect(self, holds, what):
        if not holds:
            raise Unexpected(what)

    # What an operator does

    def cleanup(self):
        """Forgets the failures, as an operator does who has seen them; as soon as the cluster has."""
        self.wait(lambda: healing.is_noticed(self.lab), 60, "every instance that died noticed by the cluster")
        self.lab.any_node().exec(["crm_resource", "--cleanup"], check=False)

    def primary_to_controller(self):
        """Switches over to the node whose controller decides for the cluster, before the fault."""
        for _ in self.lab.nodes:
            decides = self.lab.designated_controller()
            if decides == self.primary:
                return
            for name in [self.primary] if decides == self.standby else [self.standby, self.primary]:
                self.lab.set_standby(name, True)
                self.settled()
            for name in self.lab.nodes:
                self.lab.set_standby(name, False)
            self.whole()
            self.look()
        raise LabError("the primary isn't where the designated controller is")

    # What hurts

    def processes(self, name, command):
        """A program of the cluster on a node, by its processes' numbers."""
        if not self.lab.nodes[name].init_process():
            return []
        path = f"^(/usr/lib/pacemaker/)?{command}( |$)"
        return self.lab.exec(name, ["pgrep", "-f", path], check=False).stdout.split()

    def kill(self, name, command):
        self.lab.exec(name, ["kill", "-KILL", *self.processes(name, command)])

    def kill_daemon(self, name, command):
        """Kills a daemon of Pacemaker and waits until there is a new one: started anew, or after the node's reboot."""
        former = self.processes(name, command)
        boot = self.lab.nodes[name].init_process()
        self.kill(name, command)

        def is_back():
            found = self.processes(name, command)
            return found and (found != former or self.lab.nodes[name].init_process() != boot)
        self.wait(is_back, 60, f"{command} on {name}")
        self.settled()

    def halt_receiver(self, name):
        """Halts a standby's receiver until the node is healed."""
        self.lab.exec(name, ["pkill", "-STOP", "-f", "^postgres: walreceiver"])

    def drop(self, name):
        """Ends the primary's end of a standby's connection, which would wait for wal_sender_timeout otherwise."""
        self.lab.psql(self.primary, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication "
                                    f"WHERE application_name = '{name}'")

    def halt_postmaster(self, name):
        self.lab.exec(name, ["kill", "-STOP", self.lab.nodes[name].postmaster()])

    def use_up_segment(self):
        """Begins another WAL segment on the primary; without a transaction, as commits may wait."""
        statement = "SELECT pg_logical_emit_message(false, 'lab', 'filling'), pg_switch_wal()"
        self.lab.psql(self.primary, statement, check=False, timeout=5)

    def pause_replay(self, name):
        self.lab.psql(name, "SELECT pg_wal_replay_pause()")
        self.wait(lambda: self.lab.psql(name, "SELECT pg_get_wal_replay_pause_state()") == "paused", 20,
                  f"paused replay on {name}")

    def resume_replay(self):
        """On every standby that is left: a server whose replay is paused doesn't look for another primary either."""
        for name in self.standbys:
            self.lab.psql(name, "SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery()", check=False)

    def hide_primary(self):
        """Takes the primary's replication address from all standbys' nodes until they are healed, and waits until it goes on."""
        for name in self.standbys:
            self.lab.hide(name, REPLICATION_ADDRESS)
        self.alone(90)
        self.serves()

    def leave_behind(self, name):
        """Halts a standby's receiver until another one has taken its place, and many rows more."""
        self.halt_receiver(name)
        self.drop(name)
        self.replaced(name)
        self.writes(200)

    def cold_start(self, *names):
        """Cuts the power of all nodes; switches them on in this order, each when the one before answers; waits for a primary."""
        for name in self.lab.nodes:
            self.lab.power_off(name)
        for name in names:
            self.lab.power_on(name)
            self.wait(lambda name=name: self.answers(name), 60, f"cluster services on {name}")
        self.lab.wait_primary(80)

    def answers(self, name):
        return bool(self.lab.nodes[name].init_process()) and \
            self.lab.exec(name, ["cibadmin", "--query", "--local"], check=False, timeout=10).returncode == 0
