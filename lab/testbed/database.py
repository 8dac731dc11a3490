"""The first data directory, and its copies: nothing about replication is configured, that is the agent's business."""
import shutil

from . import small_wal
from .basics import NETWORK, SMALL_WAL, postgres_binaries

CONFIGURATION = """
listen_addresses = '*'
unix_socket_directories = '/run/postgresql'
wal_level = replica
hot_standby = on
max_wal_senders = 10
max_replication_slots = 10
wal_log_hints = on
wal_keep_size = '128MB'
# Every commit that a writer gives up while it waits keeps a connection.
max_connections = 200
logging_collector = off
log_line_prefix = '%m [%p] '
"""
ACCESS = f"""
local all all trust
host all all {NETWORK}.0/24 trust
host replication repuser {NETWORK}.0/24 trust
"""


def make_first(node):
    """initdb, the roles and the writer's table; run where the clients are, so that `down` finds what still runs."""
    def as_postgres(arguments, **options):
        return node.lab.client(["runuser", "-u", "postgres", "--", *arguments], cwd="/", **options)

    programs = postgres_binaries()
    data = node.data_directory
    as_postgres([programs / "initdb", "-D", data, "-A", "trust", "-k", "-E", "UTF8", "--locale=C", "--no-sync"])
    with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
        if SMALL_WAL in node.lab.features:
            file.write(small_wal.CONFIGURATION)
    (data / "pg_hba.conf").write_text(ACCESS)
    statements = "\n".join([
        "CREATE ROLE repuser REPLICATION LOGIN;", "GRANT pg_monitor TO repuser;", "CREATE ROLE app LOGIN;",
        "CREATE TABLE lab_rows (id bigint PRIMARY KEY, written timestamptz DEFAULT now());",
        "GRANT SELECT, INSERT ON lab_rows TO app;", ""])
    as_postgres([programs / "postgres", "--single", "-j", "-D", data, "postgres"], input=statements.replace(";\n", ";\n\n"))


def copy_first(first, other):
    """A copy of the stopped first instance."""
    first.lab.client(["cp", "-a", "--reflink=auto", first.data_directory, other.data_directory])


def rebuild(lab, node, primary):
    """Makes a node's data anew from the primary's, as the last resort of an operator does."""
    data = "/var/lib/postgresql/data"
    tmp = "/var/lib/postgresql/tmp"
    node.exec(["rm", "-rf", data, f"{data}.rejoin-new", f"{data}.rejoin-old", f"{tmp}/PGSQL.lock", f"{tmp}/rejoin"])
    wal = small_wal.option(node) if SMALL_WAL in lab.features else []
    node.exec(["runuser", "-u", "postgres", "--", postgres_binaries() / "pg_basebackup", "-D", data, "-h",
               primary.address, "-U", "repuser", "-X", "stream", "-c", "fast", *wal], timeout=120)
    shutil.chown(node.data_directory, "postgres", "postgres")
    lab.any_node().exec(["crm_resource", "--cleanup", "--node", node.name], check=False)
