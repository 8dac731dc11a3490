"""Watches cluster and instances all the time, so that a failover is seen as it happens.

The instances are asked over their own sockets and the cluster through whichever node answers: a node that is dead
or cut off delays neither.
"""
import dataclasses
import threading
import time

import psycopg2

from .basics import wait_until
from .cluster import failed_operations

INSTANCE = """
SELECT pg_is_in_recovery(),
  CASE WHEN pg_is_in_recovery()
    THEN (SELECT received_tli FROM pg_stat_wal_receiver)
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END,
  CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END::text
"""
STANDBYS = """
SELECT application_name, state, sync_state, greatest(0, pg_current_wal_lsn() - flush_lsn)::bigint
FROM pg_stat_replication
"""


@dataclasses.dataclass(frozen=True)
class NodeView:
    """What is seen of a node at one moment; None is what isn't known."""

    name: str
    has_power: bool = False
    cluster_role: str = None
    role: str = None
    state: str = None
    sync: str = None
    timeline: int = None
    lsn: str = None
    lag: int = None

    def key(self):
        """What changes only when something happens."""
        return (self.role, self.cluster_role, self.state, self.sync, self.timeline)


def known_role(role):
    return None if role == "unknown" else role


class Instance:
    """One node's instance, over a connection that is kept while it holds."""

    def __init__(self, node):
        self.node = node
        self.connection = None
        self.init = None
        self.timeline = None

    def look(self):
        """(facts, standbys): the row of INSTANCE or a word for why there's none, and the rows of STANDBYS."""
        init = self.node.init_process()
        if init != self.init:
            self._close()
            self.init = init
        if init is None:
            return "power off", []
        try:
            if self.connection is None:
                self.connection = self._connect()
            with self.connection.cursor() as cursor:
                cursor.execute(INSTANCE)
                is_standby, timeline, lsn = cursor.fetchone()
                # A standby that receives nothing tells no timeline: it's still the last one.
                self.timeline = timeline or self.timeline
                facts = (is_standby, self.timeline, lsn)
                if is_standby:
                    return facts, []
                cursor.execute(STANDBYS)
                return facts, cursor.fetchall()
        except psycopg2.Error as error:
            self._close()
            return ("starting up" if "starting up" in str(error) else "no postmaster"), []

    def _connect(self):
        connection = psycopg2.connect(
            host=f"/proc/{self.init}/root/run/postgresql", user="postgres", dbname="postgres", connect_timeout=2,
            application_name="observer", options="-c statement_timeout=1000")
        connection.autocommit = True
        return connection

    def _close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None
        self.timeline = None


class Observer:
    """Threads that look at instances, cluster and power controller until the end of the `with`."""

    def __init__(self, lab, on_fenced=lambda line: None):
        self.lab = lab
        self.on_fenced = on_fenced
        self.instances = {name: Instance(node) for name, node in lab.nodes.items()}
        self.answers = {name: ("", []) for name in lab.nodes}
        self.tree = None
        self.fenced = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._repeat, args=arguments, daemon=True) for arguments in (
            (self._look_at_instances, 0.1), (self._look_at_cluster, 0.3), (self._look_at_power, 0.1))]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(20)

    def _repeat(self, look, interval):
        while not self.ending.wait(interval):
            look()

    def _look_at_instances(self):
        for name, instance in self.instances.items():
            self.answers[name] = instance.look()

    def _look_at_cluster(self):
        tree = self.lab.try_cib()
        if tree is not None:
            self.tree = tree

    def _look_at_power(self):
        """The controller's log has a line for each request that was carried out."""
        try:
            lines = (self.lab.state / "power.log").read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in [line for line in lines if line.startswith(("off ", "reboot "))][len(self.fenced):]:
            self.fenced.append((line, time.monotonic()))
            self.on_fenced(line)

    def nodes(self):
        """[NodeView], all of one moment."""
        answers = dict(self.answers)
        tree = self.tree
        roles = self.lab.roles(tree) if tree is not None else {}
        online = self.lab.online(tree) if tree is not None else []
        standbys = {row[0]: row[1:] for _, rows in answers.values() for row in rows}
        return [self._view(name, answers[name][0], known_role(roles.get(name)) if name in online else "offline",
                           standbys.get(name)) for name in answers]

    @staticmethod
    def _view(name, facts, cluster_role, stream):
        if isinstance(facts, str):
            has_power = facts != "power off"
            return NodeView(name, has_power, cluster_role if has_power else None, None, facts)
        is_standby, timeline, lsn = facts
        if not is_standby:
            return NodeView(name, True, cluster_role, "primary", "running", None, timeline, lsn)
        state, sync, lag = stream or ("no stream", None, None)
        return NodeView(name, True, cluster_role, "standby", state, sync, timeline, lsn, lag)

    def primary(self):
        """The one node whose instance accepts writes; None while there's none."""
        found = [node.name for node in self.nodes() if node.role == "primary"]
        return found[0] if len(found) == 1 else None

    def is_healthy(self):
        """One primary, promoted; all others unpromoted and streaming, one of them synchronous."""
        nodes = self.nodes()
        primaries = [node for node in nodes if node.role == "primary" and node.cluster_role == "promoted"]
        standbys = [node for node in nodes if node.state == "streaming" and node.cluster_role == "unpromoted"]
        return len(primaries) == 1 and len(standbys) == len(nodes) - 1 and \
            [node.sync for node in standbys].count("sync") == 1

    def start_failure(self, name):
        """Why the cluster couldn't start a node's instance; None when it didn't fail."""
        return dict(failed_operations(self.tree, "start")).get(name)

    def wait_other_primary(self, former, timeout):
        def found():
            name = self.primary()
            return name if name != former else None
        return wait_until(found, timeout, "a new primary", step=0.02)
