"""What `lab/lab wait` understands, so that a script waits for a state of the cluster and never for a length of time."""
from .basics import LabError, wait_until

HELP = ("primary[=NODE], standbys=N (that stream), sync=N (recorded as HS:sync), online=N, "
        "NODE:ATTRIBUTE=VALUE; without any: a primary, all others streaming, one synchronous")


def observed_primary(lab):
    promoted = [node for node, role in lab.roles().items() if role == "promoted"]
    return " and ".join(promoted) or "none"


def observed_standbys(lab):
    name = lab.try_primary()
    answer = name and lab.psql(name, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", check=False)
    return answer or "none"


OBSERVED = {
    "primary": observed_primary,
    "standbys": observed_standbys,
    "sync": lambda lab: str(len(lab.synchronous())),
    "online": lambda lab: str(len(lab.online())),
}


class Condition:
    """One word of the command: what is looked at, and what it should be."""

    def __init__(self, word, nodes):
        self.word = word
        self.subject, _, self.value = word.partition("=")
        self.node, _, self.attribute = self.subject.partition(":")
        if self.attribute:
            is_understood = self.node in nodes and self.value
        elif self.subject == "primary":
            is_understood = word == "primary" or self.value in nodes
        else:
            is_understood = self.subject in OBSERVED and self.value.isdigit()
        if not is_understood:
            raise LabError(f"no condition \"{word}\": there are {HELP}")

    def observe(self, lab):
        """What is there now, as text."""
        if self.attribute:
            return lab.attribute(self.node, self.attribute) or "unset"
        return OBSERVED[self.subject](lab)

    def accepts(self, seen):
        if self.value:
            return seen == self.value
        return seen != "none" and " and " not in seen


def wait_for(lab, words, timeout):
    """Waits until all conditions hold at once; otherwise says what each that doesn't hold was at the end."""
    conditions = [Condition(word, lab.nodes) for word in words]
    missing = []

    def do_hold():
        seen = [(condition, condition.observe(lab)) for condition in conditions]
        missing[:] = [f"{condition.word} (seen: {text})" for condition, text in seen if not condition.accepts(text)]
        return not missing
    try:
        wait_until(do_hold, timeout, " ".join(words), step=0.1)
    except LabError:
        raise LabError(f"not within {timeout:g} s: {', '.join(missing)}: 'lab/lab status'") from None
