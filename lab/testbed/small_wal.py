"""A small file system for pg_wal, to be filled up: a tmpfs outside the node's namespaces, which survives a power cut."""
import contextlib
import os
import shutil

from .basics import run

MEGABYTES = 320
# The server keeps far less than fits, so that only the filling makes it run full.
CONFIGURATION = """
min_wal_size = '32MB'
max_wal_size = '64MB'
wal_keep_size = '16MB'
"""


def place(node):
    """Where pg_wal is, seen from outside; the data directory has a link."""
    return node.directory / "postgresql" / "wal"


def mount(node):
    place(node).mkdir()
    run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=700", "tmpfs", place(node)])
    shutil.chown(place(node), "postgres", "postgres")


def unmount(node):
    if os.path.ismount(place(node)):
        run(["umount", "--lazy", place(node)])


def move(node):
    """Moves what initdb made."""
    made = node.data_directory / "pg_wal"
    run(["cp", "-a", f"{made}/.", place(node)])
    shutil.rmtree(made)
    # Relative, as it is read outside and inside.
    made.symlink_to("../wal")


def copy(first, other):
    run(["cp", "-a", f"{place(first)}/.", place(other)])


def option(node):
    """Empties it, and says to pg_basebackup where it is."""
    node.exec(["find", "/var/lib/postgresql/wal", "-mindepth", "1", "-delete"])
    return ["--waldir=/var/lib/postgresql/wal"]


def fill(node):
    """Leaves no room for another segment; again, when a checkpoint has made some."""
    with contextlib.suppress(OSError), open(place(node) / "filling", "ab", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))


def free(node):
    (place(node) / "filling").unlink(missing_ok=True)
