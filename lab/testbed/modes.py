"""The cluster configurations of the fault scenarios; one lab serves all scenarios of a mode."""
import collections

from .basics import DISTURBANCE, PROJECT, SMALL_WAL
from .cluster import ClusterView
from .lab import Lab

# `settings` are parameters of the resource beside those of the example.
Mode = collections.namedtuple("Mode", "nodes example features wait_whole is_synchronous settings", defaults=[""])
SYNC = Mode(3, "three-node-sync.crm", (), ClusterView.wait_healthy, True)
MODES = {
    "sync": SYNC,
    # Synchronous, with a small file system for pg_wal.
    "small-wal": SYNC._replace(features=(SMALL_WAL,)),
    # Synchronous, with a disk that may be slow and a clock that may step.
    "disturbed": SYNC._replace(features=(DISTURBANCE,)),
    # Commits wait for whichever standby is quicker.
    "any": SYNC._replace(settings="sync_method=any", wait_whole=ClusterView.wait_all_synchronous),
    # Commits wait for both standbys.
    "pair": SYNC._replace(settings="sync_num=2", wait_whole=ClusterView.wait_all_synchronous),
    # Commits wait for a standby, whether there is one or not.
    "strict": SYNC._replace(settings="sync_strict=true"),
    "two": Mode(2, "two-node-sync.crm", (), ClusterView.wait_healthy, True),
    "async": Mode(3, "three-node-async.crm", (), ClusterView.wait_ranked, False),
}


def lab_of(mode, name, agent_directory):
    return Lab(name, mode.nodes, agent_directory, features=mode.features)


def bring_up(lab, mode):
    """A whole cluster in its configuration; nothing is left behind when that fails."""
    lab.up()
    try:
        text = (PROJECT / "crm-examples" / mode.example).read_text(encoding="utf-8")
        lab.configure(text.replace("rep_mode=sync", f"rep_mode=sync {mode.settings}"))
        mode.wait_whole(lab)
    except BaseException:
        lab.down()
        raise
