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


def for_paf(text):
    """The same cluster with PAF, which is told where things are; readers have no address, as it names no synchronous one."""
    programs = postgres_binaries()
    told = f"bindir={programs} pgdata=/var/lib/postgresql/data pghost=/run/postgresql"
    return with_agent(without_reader(text), f"ocf:heartbeat:pgsqlms \\\n    params {told}")


def for_floor(text):
    """The same cluster with an agent that does nothing."""
    return with_agent(without_reader(text), "ocf:heartbeat:floor")


def with_agent(text, words):
    """Another agent in place of ours, in the same operations."""
    return re.sub(r"ocf:heartbeat:pgsql-swift \\\n    params (.*\\\n)*?(?=    op )", lambda _: words + " \\\n", text)


def without_reader(text):
    """The same cluster without the address that only readers use."""
    return "".join(each for each in statements(text)
                   if each.split()[:2] not in (["primitive", "vip-reader"], ["location", "vip-reader-where"]))


def without_notifications(text):
    return text.replace("notify=true", "notify=false")


def resized(text, names):
    """The same cluster on other nodes than three."""
    kept = [each for each in statements(text) if "fence-pg" not in each.partition("\n")[0]]
    devices = [f"primitive fence-{name} stonith:fence_pglab \\\n    params pcmk_host_list={name} pcmk_reboot_action=reboot "
               f"\\\n    op monitor interval=60s timeout=20s\nlocation fence-{name}-elsewhere fence-{name} -inf: {name}\n"
               for name in names]
    text = re.sub(r'node_list="[^"]*"', f'node_list="{" ".join(names)}"', "".join(kept))
    return re.sub(r"clone-max=\d+", f"clone-max={len(names)}", text) + "".join(devices)
