"""One node: a set of namespaces with its own PID 1, corosync, Pacemaker and data directory."""
import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess

from .basics import DISTURBANCE, LabError, is_alive, process_start, run, wait_until

HERE = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root"]


class Node:
    def __init__(self, lab, name, number):
        self.lab, self.name, self.number = lab, name, number
        self.directory = lab.data / name
        self.state_file = lab.state / f"{name}.json"
        self.cut_file = lab.state / f"{name}.cut"

    @property
    def address(self):
        from .basics import NETWORK
        return f"{NETWORK}.{10 + self.number}"

    @property
    def data_directory(self):
        """PGDATA, seen from outside."""
        return self.directory / "postgresql" / "data"

    def init_process(self):
        """PID 1's number outside; None while the power is off."""
        try:
            state = json.loads(self.state_file.read_text())
        except (OSError, ValueError):
            return None
        return state["pid"] if is_alive(state["pid"], state["start"]) else None

    @contextlib.contextmanager
    def switching(self):
        """One switching of the power at a time, whoever asks: the fence agent's controller, a command, a test."""
        with open(self.lab.state / f"{self.name}.lock", "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def power_on(self):
        with self.switching():
            if not self.init_process():
                self._boot()

    def _boot(self):
        self._cut()
        self.lab.network.plug(self.name, self.number, not self.cut_file.exists())
        with open(self.directory / "console", "ab") as console:
            boot = subprocess.Popen(
                ["ip", "netns", "exec", self.lab.network.namespace(self.name), "unshare", "--mount", "--uts", "--ipc",
                 "--pid", "--fork", "--kill-child", "--mount-proc", str(HERE / "boot-node"), self.name,
                 str(self.directory), str(self.lab.shared)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        pid = wait_until(lambda: self._first_process(boot), 10, f"booting {self.name}", step=0.01)
        self.state_file.write_text(json.dumps({"pid": pid, "start": process_start(pid)}))
        wait_until(lambda: self._is_booted(pid), 10, f"PID 1 of {self.name}", step=0.01)
        self.start_cluster()

    def _first_process(self, boot):
        if boot.poll() is not None:
            raise LabError(f"{self.name} didn't boot: see {self.directory / 'console'}")
        try:
            words = pathlib.Path(f"/proc/{boot.pid}/task/{boot.pid}/children").read_text().split()
        except OSError:
            return None
        return int(words[0]) if words else None

    def _is_booted(self, pid):
        try:
            return pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "tini"
        except OSError:
            raise LabError(f"{self.name} didn't boot: see {self.directory / 'console'}") from None

    def environment(self):
        """What the node's services are started with, and so the agent and the server."""
        return [*ENVIRONMENT, "LD_PRELOAD=/run/power/disturb.so"] if DISTURBANCE in self.lab.features else ENVIRONMENT

    def start_cluster(self):
        """Starts corosync and Pacemaker as a node's init system would: with none of the caller's environment."""
        self.exec(["env", "-i", *self.environment(), "sh", "-c",
                   "setsid corosync -f >/var/log/corosync.out 2>&1 & setsid pacemakerd >/var/log/pacemakerd.out 2>&1 &"])

    def start_cluster_manager(self):
        """Starts pacemakerd when it is gone and corosync isn't, as a node's init system does; it finds its daemons."""
        if self.exec(["pgrep", "-x", "corosync"], check=False).returncode == 0 and \
                self.exec(["pgrep", "-x", "pacemakerd"], check=False).returncode != 0:
            self.exec(["env", "-i", *self.environment(), "sh", "-c", "setsid pacemakerd >/var/log/pacemakerd.out 2>&1 &"])

    def power_off(self):
        """Cuts the power: the link goes first, so that no peer is told politely."""
        with self.switching():
            self._cut()

    def _cut(self):
        """Leaves nothing that runs or is plugged in, and needs nothing of that to be there."""
        self.lab.network.set_link(self.name, False)
        pid = self.init_process()
        if pid:
            state = json.loads(self.state_file.read_text())
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_alive(pid, state["start"]), 20, f"power-off of {self.name}", step=0.01)
        # A switching-on that was interrupted has left these, and no record of them.
        self.lab.network.end_processes(self.lab.network.namespace(self.name))
        self.state_file.unlink(missing_ok=True)
        self.lab.network.unplug(self.name)

    def command(self, arguments):
        """The words that run a command inside."""
        pid = self.init_process()
        if not pid:
            raise LabError(f"{self.name} is off: 'lab/lab power-on {self.name}'")
        return ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "--", *map(str, arguments)]

    def exec(self, arguments, timeout=60, check=True, **options):
        return run(self.command(arguments), timeout=timeout, check=check, cwd="/", **options)

    def postmaster(self):
        """The postmaster's number inside; None without one."""
        try:
            return int((self.data_directory / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return None

    def postmaster_lives(self):
        pid = self.postmaster()
        return pid is not None and self.exec(["kill", "-0", pid], check=False).returncode == 0

    def server_processes(self):
        """All PostgreSQL processes inside."""
        result = self.exec(["pgrep", "-x", "postgres"], check=False)
        return [int(word) for word in result.stdout.split()]
