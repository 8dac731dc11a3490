"""Making a hurt cluster whole again, as its operator would, and what he would look at."""
import contextlib

from .basics import LabError, wait_until
from .cluster import DIVERGED, NO_DATA, failed_operations


def make_whole(lab, is_whole):
    """A node whose data have diverged gets new data, any other must come by itself.

    `is_whole` raises a LabError while the cluster isn't whole yet.
    """
    wait_until(lambda: is_mended(lab), 60, "every node on and connected", step=0.2)
    lab.wait_formed()
    for name in lab.nodes:
        lab.set_standby(name, False, check=False)
    wait_until(lambda: is_noticed(lab), 60, "every instance that died noticed by the cluster", step=0.2)
    lab.any_node().exec(["crm_resource", "--cleanup"], check=False)
    rebuilt = set()

    def did_heal():
        for name in refused(lab) - rebuilt:
            rebuilt.add(name)
            lab.rebuild(name)
        with contextlib.suppress(LabError):
            is_whole()
            return True
        return False
    wait_until(did_heal, 90, "the cluster whole again", step=0.2)
    return rebuilt


def is_mended(lab):
    """Undoes what was done to the nodes; False when one of them is being fenced meanwhile."""
    try:
        for name in lab.nodes:
            lab.heal(name)
            lab.power_on(name)
            lab.unhang(name)
            lab.nodes[name].start_cluster_manager()
    except LabError:
        return False
    return True


def is_noticed(lab):
    """No instance that the cluster believes to run is dead: a failure found after the cleanup would stay."""
    roles = lab.roles()
    return bool(roles) and all(lab.nodes[name].postmaster_lives() for name, role in roles.items()
                               if role in ("promoted", "unpromoted"))


def refused(lab):
    """Nodes whose data have diverged or are gone: their start was refused, or a monitor found it out while they waited for
    WAL."""
    tree = lab.try_cib()
    return {name for operation in ("start", "monitor") for name, reason in failed_operations(tree, operation)
            if DIVERGED in reason or NO_DATA in reason}


def picture(lab):
    """What an operator would look at, before the lab and its logs are gone."""
    lines = []
    for look in (["crm_mon", "-1Afrn"], ["pgrex-tool", "status"]):
        with contextlib.suppress(LabError):
            result = lab.any_node().exec(look, check=False, timeout=20)
            lines += result.stdout.splitlines() + result.stderr.splitlines()
    for name in lab.nodes:
        lines += [f"{name}:"] + [f"  {line}" for line in agent_lines(lab, name)[-25:]]
    return "\n".join(lines)


def agent_lines(lab, name):
    """What the agent wrote on a node since it was switched on first."""
    text = (lab.nodes[name].directory / "var-log" / "pacemaker" / "pacemaker.log").read_text(errors="replace")
    return [line for line in text.splitlines() if "pgsql-swift(" in line]


def fenced(lab):
    """What the power controller was asked for."""
    path = lab.state / "power.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if line.startswith(("off", "reboot"))]
