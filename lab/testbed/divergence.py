"""Ways to give a node WAL of its own, or no data at all: what a rejoin must mend."""
from .basics import LabError, wait_until


def rest(lab):
    """Waits until the cluster has nothing to do: an instance that dies while it probes isn't counted as failed."""
    lab.any_node().exec(["crm_resource", "--wait", "--timeout=60"], timeout=70, check=False)


def fail(lab, name):
    """Kills an instance, and waits until the cluster leaves it to an operator."""
    rest(lab)
    lab.kill_postmaster(name)
    wait_until(lambda: lab.roles().get(name) == "stopped", 60, f"{name} given up by the cluster", step=0.1)


def part_ways(lab, old, statement):
    """Gives the primary a commit that no standby gets, then kills it.

    The processes that send WAL are halted first, so that the commit is nowhere else, and the commit waits for nobody.
    """
    # Hint bits and other leftovers go out before.
    lab.psql(old, "CHECKPOINT")
    senders = lab.psql(old, "SELECT pid FROM pg_stat_replication").split()
    if not senders:
        raise LabError(f"nobody replicates from {old}")
    lab.exec(old, ["kill", "-STOP", *senders])
    lab.psql(old, f"SET synchronous_commit = local; {statement}; SELECT pg_switch_wal()")
    lab.kill_postmaster(old)
    # Halted children outlive their postmaster, and hold its shared memory.
    lab.exec(old, ["kill", "-KILL", *senders], check=False)


def diverge(lab, statement="CREATE TABLE only_here AS SELECT 7 AS x"):
    """The same, and waits for a failover; gives both primaries' names, the old one first."""
    rest(lab)
    old = lab.primary()
    part_ways(lab, old, statement)
    new = lab.wait_primary(60, other_than=old)
    wait_until(lambda: lab.roles().get(old) == "stopped", 60, f"{old} given up by the cluster", step=0.1)
    return old, new


def received_bytes(lab, name):
    """What has come over a node's network so far."""
    text = lab.exec(name, ["cat", "/sys/class/net/eth0/statistics/rx_bytes"]).stdout
    return int(text)
