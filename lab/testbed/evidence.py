"""What is kept of a run whose verdict isn't "ok": the part of every node's logs that it wrote, and what was seen."""
import json

LOGS = ["var-log/pacemaker/pacemaker.log", "var-log/corosync.log", "postgresql/server.log"]


class Evidence:
    def __init__(self, lab):
        self.lab = lab
        self.files = {node.name: [node.directory / log for log in LOGS] for node in lab.nodes.values()}
        self.power = lab.state / "power.log"
        self.began = {path: size(path) for paths in [*self.files.values(), [self.power]] for path in paths}

    def keep(self, outcome, writers_notes, directory):
        """Copies it to a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, paths in self.files.items():
            for path in paths:
                self._copy(path, directory / f"{name}-{path.name}")
        self._copy(self.power, directory / "power.log")
        for note in writers_notes:
            (directory / note.name).write_bytes(note.read_bytes())
        (directory / "outcome.json").write_text(json.dumps(outcome, indent=2) + "\n")

    def _copy(self, path, target):
        """A log that got shorter meanwhile was begun anew."""
        if path.exists():
            with open(path, "rb") as file:
                file.seek(self.began[path] if size(path) >= self.began[path] else 0)
                target.write_bytes(file.read())


def size(path):
    return path.stat().st_size if path.exists() else 0
