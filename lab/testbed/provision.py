"""The files that nodes and lab need before anything runs."""
import os
import pathlib
import shutil

from . import small_wal
from .basics import DISTURBANCE, FLOOR, PAF, SMALL_WAL, LabError, run

HERE = pathlib.Path(__file__).resolve().parent.parent
OWNED_BY_CLUSTER = ["blackbox", "cib", "cores", "pengine"]

# With the default of 20 s three nodes would wait that long for their first election.
FIRST_CIB = """<cib crm_feature_set="3.0.0" validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="2s"/>
</cluster_property_set></crm_config><nodes/><resources/><constraints/></configuration><status/></cib>
"""


def corosync_configuration(lab_name, nodes):
    lines = ["totem {", "  version: 2", f"  cluster_name: {lab_name}", "  transport: knet", "  token: 1000",
             "  crypto_cipher: none", "  crypto_hash: none", "}", "quorum {", "  provider: corosync_votequorum"]
    if len(nodes) == 2:
        lines.append("  two_node: 1")
    lines += ["}", "logging {", "  to_logfile: yes", "  logfile: /var/log/corosync.log", "  to_syslog: no", "}",
              "nodelist {"]
    for node in nodes:
        lines += ["  node {", f"    ring0_addr: {node.address}", f"    name: {node.name}",
                  f"    nodeid: {node.number}", "  }"]
    return "\n".join(lines + ["}", ""])


def make_shared(lab):
    """What all nodes see: names, agents, fencing."""
    for name in ("power", "heartbeat", "sbin"):
        (lab.shared / name).mkdir(parents=True)
    hosts = ["127.0.0.1 localhost"] + [f"{node.address} {node.name}" for node in lab.nodes.values()]
    (lab.shared / "hosts").write_text("\n".join(hosts) + "\n")
    install(HERE / "fence_pglab", lab.shared / "sbin" / "fence_pglab")
    if lab.agent_directory:
        install_programs(lab)
    if lab.is_incumbent:
        install_incumbent(lab)
    if PAF in lab.features:
        install_paf(lab)
    if FLOOR in lab.features:
        install(HERE / "floor-agent", lab.shared / "heartbeat" / "floor")
    if DISTURBANCE in lab.features:
        run(["gcc", "-shared", "-fPIC", "-O2", "-o", lab.shared / "power" / "disturb.so", HERE / "disturb.c"])


def install_programs(lab):
    """Puts the built agent and tool in place; nodes that run take them from their next call on.

    An overlay doesn't see a file that changes below it: the overlay has links, to a directory that is bound in.
    """
    for program, place in (("pgsql-ra", "heartbeat/pgsql-swift"), ("pgrex-tool", "sbin/pgrex-tool")):
        source = lab.agent_directory / program
        if not source.exists():
            raise LabError(f"{source} is missing: run 'make build'")
        install(source, lab.shared / "power" / program)
        link = lab.shared / place
        if not link.is_symlink():
            link.symlink_to(f"/run/power/{program}")


def install(source, target):
    fresh = target.with_name(target.name + ".new")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o755)
    fresh.rename(target)


def install_incumbent(lab):
    """heartbeat/pgsql with a score call that this Pacemaker takes: `-p -v -INFINITY` is read as an option.

    It lies beside our programs, behind a link, for the same reason.
    """
    text = pathlib.Path("/usr/lib/ocf/resource.d/heartbeat/pgsql").read_text()
    target = lab.shared / "power" / "pgsql"
    target.write_text(text.replace("ocf_promotion_score -v $", "ocf_promotion_score --update=$"))
    target.chmod(0o755)
    (lab.shared / "heartbeat" / "pgsql").symlink_to("/run/power/pgsql")


def install_paf(lab):
    """PAF's agent, which looks for its modules below the directory that it lies in: behind a link, that is another one."""
    text = pathlib.Path("/usr/lib/ocf/resource.d/heartbeat/pgsqlms").read_text(encoding="utf-8")
    target = lab.shared / "power" / "pgsqlms"
    target.write_text(text.replace("$FindBin::RealBin/../..", "/usr/lib/ocf"), encoding="utf-8")
    target.chmod(0o755)
    (lab.shared / "heartbeat" / "pgsqlms").symlink_to("/run/power/pgsqlms")


def make_node(lab, node):
    """A node's disk."""
    for name in ("etc-corosync", "var-lib-corosync", "var-lib-pacemaker", "var-log", "postgresql"):
        (node.directory / name).mkdir(parents=True)
    (node.directory / "etc-corosync" / "corosync.conf").write_text(
        corosync_configuration(lab.name, list(lab.nodes.values())))
    pacemaker = node.directory / "var-lib-pacemaker"
    for name in OWNED_BY_CLUSTER:
        (pacemaker / name).mkdir()
    (pacemaker / "cib" / "cib.xml").write_text(FIRST_CIB)
    for name in ("pacemaker", "cluster", "crmsh"):
        (node.directory / "var-log" / name).mkdir()
    run(["chown", "-R", "hacluster:haclient", pacemaker, node.directory / "var-log" / "pacemaker"])
    pacemaker.chmod(0o750)
    os.chmod(pacemaker / "cib" / "cib.xml", 0o600)
    shutil.chown(node.directory / "postgresql", "postgres", "postgres")
    if SMALL_WAL in lab.features:
        small_wal.mount(node)


