"""What the bench measures side by side: pgsql-swift, heartbeat/pgsql, PAF, and an agent that does nothing."""
import contextlib
import dataclasses

from . import configuration
from .basics import FLOOR, PAF, PROJECT, REPLICATION_ADDRESS, WRITER_ADDRESS, NETWORK, LabError, wait_until
from .lab import Lab

EXAMPLE = PROJECT / "crm-examples" / "three-node-sync.crm"
PAF_SETTINGS = """
primary_conninfo = 'host={source} port=5432 user=repuser application_name={name} keepalives_idle=30 {keepalives}'
hba_file = '/var/lib/postgresql/paf_hba.conf'
logging_collector = on
log_directory = '/var/lib/postgresql/log'
"""
KEEPALIVES = "keepalives_interval=5 keepalives_count=3"
# A standby that connects to itself, as where the address still is, would follow nobody.
PAF_ACCESS = """
local all all trust
host replication all {own}/32 reject
host replication all {source}/32 reject
host replication all {writer}/32 reject
host all all {network}.0/24 trust
host replication repuser {network}.0/24 trust
"""


@dataclasses.dataclass(frozen=True)
class Contender:
    """An agent in the lab's cluster; `program` is the agent's file."""

    key: str
    title: str
    program: str
    with_notifications: bool = True
    is_synchronous: bool = True

    @property
    def is_floor(self):
        return self.program == "floor"

    @property
    def is_ours(self):
        return self.program == "pgsql-ra"

    def lab(self, name, agent_directory, nodes=3):
        features = {"pgsqlms": [PAF], "floor": [FLOOR]}.get(self.program, [])
        return Lab(name, nodes, agent_directory if self.is_ours else None, self.program == "pgsql", features=features)

    def text(self, lab):
        """Its configuration; that of heartbeat/pgsql the lab makes of ours."""
        text = EXAMPLE.read_text(encoding="utf-8")
        if len(lab.nodes) != 3:
            text = configuration.resized(text, list(lab.nodes))
        if not self.with_notifications:
            text = configuration.without_notifications(text)
        change = {"pgsqlms": configuration.for_paf, "floor": configuration.for_floor}.get(self.program)
        return change(text) if change else text

    def prepare(self, lab):
        """What an administrator does before the configuration is loaded."""
        if self.program == "pgsqlms":
            for node in lab.nodes.values():
                prepare_paf(node)

    def wait_whole(self, lab, timeout=90):
        if self.is_floor:
            wait_until(lambda: sorted(lab.roles().values()) == ["promoted"] + ["unpromoted"] * (len(lab.nodes) - 1),
                       timeout, "an instance in each role", step=0.1)
        elif self.is_synchronous:
            lab.wait_healthy(timeout)
        else:
            lab.wait_primary(timeout)
            lab.wait_standbys(len(lab.nodes) - 1, timeout)

    def is_whole(self, lab):
        with contextlib.suppress(LabError):
            self.wait_whole(lab, 0)
            return True
        return False

    def bring_back(self, lab, name):
        """Makes a failed instance a standby again: by our command; otherwise by a base backup, as manuals have it."""
        if self.is_ours:
            lab.exec(name, ["pgrex-tool", "rejoin"], timeout=120)
            return
        lab.set_standby(name, True)
        rest(lab)
        if lab.nodes[name].postmaster_lives():
            lab.kill_postmaster(name)
        lab.rebuild(name)
        lab.set_standby(name, False)


def rest(lab):
    """Waits until the cluster has nothing to do."""
    lab.any_node().exec(["crm_resource", "--wait", "--timeout=60"], timeout=70, check=False)


def prepare_paf(node):
    """Replication is the administrator's with PAF.

    What names the node lies where a base backup doesn't bring another's.
    """
    home = node.data_directory.parent
    (home / "paf.conf").write_text(PAF_SETTINGS.format(
        source=REPLICATION_ADDRESS, name=node.name, keepalives=KEEPALIVES), encoding="ascii")
    (home / "paf_hba.conf").write_text(PAF_ACCESS.format(
        own=node.address, source=REPLICATION_ADDRESS, writer=WRITER_ADDRESS, network=NETWORK), encoding="ascii")
    with open(node.data_directory / "postgresql.conf", "a", encoding="ascii") as file:
        file.write("include '/var/lib/postgresql/paf.conf'\n")


CONTENDERS = {each.key: each for each in (
    Contender("ours", "pgsql-swift", "pgsql-ra"),
    Contender("ours-quiet", "pgsql-swift, notify=false", "pgsql-ra", with_notifications=False),
    Contender("pgsql", "heartbeat/pgsql", "pgsql"),
    Contender("paf", "PAF", "pgsqlms", is_synchronous=False),
    Contender("floor", "floor", "floor"),
    Contender("floor-quiet", "floor, notify=false", "floor", with_notifications=False))}
