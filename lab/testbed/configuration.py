"""Variants of a configuration in crmsh's words: without fencing, or for heartbeat/pgsql in place of our agent."""
import re

from .basics import postgres_binaries


def statements(text):
    """The configuration's statements; one ends where a line doesn't end with a backslash."""
    found, current = [], ""
    for line in text.splitlines(keepends=True):
        current += line
        if not line.rstrip().endswith("\\") or line.lstrip().startswith("#"):
            found.append(current)
            current = ""
    return found + [current] if current else found


def without_fencing(text):
    """The same cluster without fence devices: for what is to be seen when nobody fences."""
    devices = set(re.findall(r"^primitive\s+(\S+)\s+stonith:", text, re.MULTILINE))
    kept = []
    for statement in statements(text):
        words = statement.split()
        is_device = words[:1] == ["primitive"] and words[1] in devices
        is_place = words[:1] == ["location"] and words[2] in devices
        if not is_device and not is_place and words[:1] != ["fencing_topology"]:
            kept.append(statement)
    # `on-fail=fence` isn't valid then; a node that can't be stopped is left as it is.
    kept = [statement.replace("on-fail=fence", "on-fail=block") for statement in kept]
    text, count = re.subn(r"\bstonith-enabled=\S+", "stonith-enabled=false", "".join(kept))
    return text if count else text + "property stonith-enabled=false\n"


def for_incumbent(text):
    """The same cluster with heartbeat/pgsql, which has to be told where things are; text that has it stays as it is."""
    programs = postgres_binaries()
    told = (f"pgctl={programs}/pg_ctl psql={programs}/psql config=/var/lib/postgresql/data/postgresql.conf "
            "socketdir=/run/postgresql restore_command=false")
    return text.replace("ocf:heartbeat:pgsql-swift \\\n    params ", f"ocf:heartbeat:pgsql \\\n    params {told} ")
