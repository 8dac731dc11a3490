"""What the demo shows: events as they come, and below them a table that is redrawn in place on a terminal.

Elsewhere a line tells each change.
"""
import shutil
import sys
import threading
import time

HEADER = ("NODE", "ROLE", "CLUSTER", "STATE", "SYNC", "TL", "LSN", "LAG")


def shown(value):
    return "-" if value is None else str(value)


def cells(node):
    lag = None if node.lag is None else f"{node.lag} B"
    return tuple(map(shown, (node.name, node.role, node.cluster_role, node.state, node.sync, node.timeline, node.lsn,
                             lag)))


def table(header, rows):
    """Lines of columns as wide as their widest cell."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [header, *rows]]


class Screen:
    def __init__(self, output=sys.stdout):
        self.output = output
        self.start = time.monotonic()
        self.is_terminal = output.isatty()
        self.lock = threading.Lock()
        self.look = None
        self.drawn = 0
        self.known = {}

    def elapsed(self):
        return time.monotonic() - self.start

    def event(self, text):
        """A line that stays."""
        with self.lock:
            self._erase()
            self._write(f"{self.elapsed():6.1f} s  {text}\n")
            self._draw()

    def lines(self, lines):
        """Lines that stay, without a time."""
        with self.lock:
            self._erase()
            self._write("".join(line + "\n" for line in lines))
            self._draw()

    def watch(self, look):
        """Shows what `look` gives, (nodes, foot), from now on; None ends it."""
        with self.lock:
            self._erase()
            self.look = look
            self._draw()

    def refresh(self):
        with self.lock:
            if self.is_terminal:
                self._erase()
                self._draw()
            elif self.look:
                self._tell_changes()

    def _tell_changes(self):
        for node in self.look()[0]:
            if self.known.get(node.name) == node.key():
                continue
            self.known[node.name] = node.key()
            words = [node.role, node.cluster_role, node.state, node.sync, node.timeline and f"timeline {node.timeline}"]
            self._write(f"{self.elapsed():6.1f} s    {node.name}: {', '.join(word for word in words if word)}\n")

    def _erase(self):
        if self.drawn:
            self._write(f"\x1b[{self.drawn}A\x1b[J")
        self.drawn = 0

    def _draw(self):
        if not self.is_terminal or self.look is None:
            return
        nodes, foot = self.look()
        width = shutil.get_terminal_size().columns - 1
        # A line that wraps would make the next erasure miss.
        lines = [line[:width] for line in ["", *table(HEADER, [cells(node) for node in nodes]), foot]]
        self._write("".join(line + "\n" for line in lines))
        self.drawn = len(lines)

    def _write(self, text):
        self.output.write(text)
        self.output.flush()
