"""The clients of a fault scenario: one through the virtual IP, one beside each node's server; and what they prove."""
import collections

from .client import Writer, lost_of

Insert = collections.namedtuple("Insert", "row acknowledged sent timeline node")


def inserts_of(writer, node):
    """What a writer noted, row by row; a line that is only half there isn't counted."""
    lines = writer.output.read_text(encoding="ascii").splitlines(keepends=True)
    fields = [line.split() for line in lines if line.endswith("\n")]
    return [Insert(int(row), float(acknowledged), float(sent), int(timeline), node)
            for row, acknowledged, sent, timeline in fields]


def two_writers(inserts):
    """A sentence that names the proof that two servers accepted writes at once, or None.

    A server keeps its timeline until it is promoted, and every promotion begins one with a higher number than it had.
    So it is a proof when an insert was sent after another one had been acknowledged elsewhere on a higher timeline, and
    was itself acknowledged on a lower one: its server must have been open the whole time. The same holds for one and
    the same timeline, when the insert's node had acknowledged on it before the other node did. An insert that was sent
    before and acknowledged after proves nothing, as it may have been taken before. A role that went back to where it
    was is no false alarm: it came with a timeline of its own.
    """
    # The first acknowledgement of each timeline and node is what a later insert is held against.
    opened = {}
    for insert in sorted(inserts, key=lambda each: each.acknowledged):
        opened.setdefault((insert.timeline, insert.node), insert)
    for insert in inserts:
        own = opened[insert.timeline, insert.node]
        for first in opened.values():
            is_lower = insert.timeline < first.timeline
            # Whom the virtual IP led to isn't known.
            is_beside = insert.timeline == first.timeline and insert.node != first.node and \
                None not in (insert.node, first.node) and own.acknowledged < first.acknowledged
            if (is_lower or is_beside) and insert.sent > first.acknowledged:
                return (f"{insert.node or 'the virtual IP'} took on timeline {insert.timeline} what was sent "
                        f"{insert.sent - first.acknowledged:.2f} s after {first.node or 'the virtual IP'} had "
                        f"acknowledged on timeline {first.timeline}")
    return None


class Writers:
    """All of them, from their start to their stop."""

    def __init__(self, lab):
        self.lab = lab
        self.through_address = Writer(lab)
        self.beside = {name: Writer(lab, beside=node) for name, node in lab.nodes.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for writer in self._all():
            writer.stop()

    def _all(self):
        return [self.through_address, *self.beside.values()]

    def inserts(self):
        found = inserts_of(self.through_address, None)
        for name, writer in self.beside.items():
            found += inserts_of(writer, name)
        return found

    def lost(self, inserts):
        """Acknowledged inserts that the final primary doesn't have."""
        rows = set(lost_of(self.lab, [(insert.row, insert.acknowledged) for insert in inserts]))
        return [insert for insert in inserts if insert.row in rows]

    def wait_writing(self):
        """Waits until the virtual IP's writer and that beside the primary have begun."""
        self.through_address.wait_writing()
        self.beside[self.lab.primary()].wait_writing()

    def notes(self):
        return [writer.output for writer in self._all()]
