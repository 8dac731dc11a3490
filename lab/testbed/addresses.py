"""Which node answers at an address, and since when: nothing but the address is asked, whatever runs behind it."""
import subprocess
import time

from .basics import PYTHON, WRITER_ADDRESS, LabError, wait_until

PORT = 7777
# Tells whoever connects the node's name, until its standard input ends.
ANSWERING = f"""
import socket, sys, threading
def serve(listener):
    while True:
        link, _ = listener.accept()
        with link:
            link.sendall(socket.gethostname().encode())
listener = socket.create_server(("0.0.0.0", {PORT}), backlog=64)
threading.Thread(target=serve, args=(listener,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""
# Notes the moment at which another node answers than before; none answers for a moment between them.
ASKING = f"""
import socket, sys, time
known = None
with open(sys.argv[2], "a", buffering=1) as output:
    while True:
        began = time.monotonic()
        try:
            with socket.create_connection((sys.argv[1], {PORT}), timeout=0.1) as link:
                link.settimeout(0.1)
                name = link.recv(100).decode()
        except OSError:
            name = None
        if name and name != known:
            output.write(f"{{time.monotonic():.6f}} {{name}}\\n")
            known = name
        time.sleep(max(0, began + 0.02 - time.monotonic()))
"""


class AddressWatch:
    """Asks, from where the clients are, who has the writers' address; until the end of the `with`."""

    def __init__(self, lab):
        self.lab = lab
        self.output = lab.state / f"address-{time.monotonic_ns()}"
        self.processes = []

    def __enter__(self):
        self.output.touch()
        try:
            for node in self.lab.nodes.values():
                answering = self._begin(node.command([PYTHON, "-c", ANSWERING]), stdout=subprocess.PIPE)
                if not answering.stdout.readline():
                    raise LabError(f"{node.name} can't answer at port {PORT}")
            switch = ["ip", "netns", "exec", self.lab.network.switch]
            self._begin([*switch, PYTHON, "-c", ASKING, WRITER_ADDRESS, str(self.output)])
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self, words, **options):
        process = subprocess.Popen(words, stdin=subprocess.PIPE, cwd="/", start_new_session=True, **options)
        self.processes.append(process)
        return process

    def __exit__(self, *_):
        for process in self.processes:
            # What answers ends with its input; nothing is left to be told to what asks.
            process.stdin.close()
        for process in self.processes:
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.output.unlink(missing_ok=True)

    def seen(self):
        """[(moment, node)], each time that another node answered."""
        lines = self.output.read_text(encoding="ascii").splitlines(keepends=True)
        return [(float(line.split()[0]), line.split()[1]) for line in lines if line.endswith("\n")]

    def moved(self, former, since):
        """The monotonic time of the first answer of another node than the former one, after a moment; None without one."""
        return next((when for when, name in self.seen() if when >= since and name != former), None)

    def wait_moved(self, former, since, timeout):
        return wait_until(lambda: self.moved(former, since), timeout, f"the address on another node than {former}",
                          step=0.02)

    def wait_at(self, name, timeout):
        def is_there():
            seen = self.seen()
            return bool(seen) and seen[-1][1] == name
        wait_until(is_there, timeout, f"the address on {name}", step=0.02)
