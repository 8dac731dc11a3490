"""The lab as a whole: made, looked at, hurt and torn down."""
import json
import os
import pathlib
import shutil
import signal
import subprocess


from . import database, provision
from .basics import (DATA_ROOT, PROJECT, PYTHON, STATE_ROOT, LabError, is_alive, process_start, require_root, run,
                     wait_until)
from .cluster import ClusterView
from .network import Network
from .node import Node


class Lab(ClusterView):
    def __init__(self, name="lab", nodes=3, agent_directory=None, is_incumbent=False, is_fenced=True):
        require_root()
        self.name = name
        self.state = STATE_ROOT / name
        self.data = DATA_ROOT / name
        self.shared = self.data / "shared"
        self.agent_directory = pathlib.Path(agent_directory).resolve() if agent_directory else None
        self.is_incumbent = is_incumbent
        self.is_fenced = is_fenced
        self.network = Network(name)
        self.nodes = {f"pg{n}": Node(self, f"pg{n}", n) for n in range(1, nodes + 1)}

    @classmethod
    def load(cls, name="lab"):
        """The lab that runs under a name."""
        try:
            facts = json.loads((STATE_ROOT / name / "lab.json").read_text())
        except OSError:
            raise LabError(f"no lab \"{name}\" runs: 'lab/lab up --name {name}'") from None
        return cls(name, facts["nodes"], facts["agent_directory"], facts["incumbent"], facts["fenced"])

    # Up and down

    def up(self, progress=lambda text: None):
        """Makes everything and waits until the cluster has formed; leaves nothing behind when that fails."""
        if self.state.exists():
            raise LabError(f"a lab \"{self.name}\" is there already: 'lab/lab down --name {self.name}'")
        try:
            self._make(progress)
            progress("waiting for the cluster to form")
            self.wait_formed()
        except BaseException as error:
            progress(f"tearing down after: {str(error) or type(error).__name__}")
            self.down()
            raise

    def _make(self, progress):
        self.state.mkdir(parents=True)
        (self.state / "lab.json").write_text(json.dumps({
            "nodes": len(self.nodes), "agent_directory": str(self.agent_directory) if self.agent_directory else None,
            "incumbent": self.is_incumbent, "fenced": self.is_fenced}))
        progress("making disks and the first data directory")
        provision.make_shared(self)
        for node in self.nodes.values():
            provision.make_node(self, node)
        first, *others = self.nodes.values()
        database.make_first(first)
        for node in others:
            database.copy_first(first, node)
        progress("plugging the network in, switching power on")
        self.network.up()
        self._start_controller()
        for node in self.nodes.values():
            node.power_on()

    def _start_controller(self):
        with open(self.state / "controller.out", "wb") as output:
            process = subprocess.Popen(
                [PYTHON, "-m", "testbed.controller", self.name], cwd=PROJECT / "lab", stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True)
        (self.state / "controller.json").write_text(
            json.dumps({"pid": process.pid, "start": process_start(process.pid)}))
        wait_until(lambda: (self.shared / "power" / "socket").exists(), 10, "the power controller")

    def down(self):
        """Ends what this lab started and removes what it made; every step may find its work done."""
        try:
            state = json.loads((self.state / "controller.json").read_text())
            if is_alive(state["pid"], state["start"]):
                os.kill(state["pid"], signal.SIGTERM)
                wait_until(lambda: not is_alive(state["pid"], state["start"]), 10, "the end of the power controller")
        except (OSError, ValueError):
            pass
        for node in self.nodes.values():
            if self.state.exists():
                node.power_off()
        self._end_processes()
        self.network.down(self.nodes)
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)
        for root in (STATE_ROOT, DATA_ROOT):
            try:
                root.rmdir()
            except OSError:
                pass

    def _end_processes(self):
        """Ends what still runs in the lab's network namespaces: a boot that was interrupted, a writer."""
        for namespace in [self.network.switch, *map(self.network.namespace, self.nodes)]:
            found = run(["ip", "netns", "pids", namespace], check=False).stdout.split()
            for word in found:
                try:
                    os.kill(int(word), signal.SIGKILL)
                except ProcessLookupError:
                    pass

    # What hurts

    def kill_postmaster(self, name):
        node = self.nodes[name]
        pid = node.postmaster()
        if not pid:
            raise LabError(f"no postmaster runs on {name}")
        node.exec(["kill", "-KILL", pid])

    def hang(self, name):
        """Halts every process of the instance, as a dead disk does."""
        node = self.nodes[name]
        node.exec(["kill", "-STOP", *node.server_processes()])

    def unhang(self, name):
        node = self.nodes[name]
        processes = node.server_processes()
        if processes:
            node.exec(["kill", "-CONT", *processes], check=False)

    def power_off(self, name):
        self.nodes[name].power_off()

    def power_on(self, name):
        self.nodes[name].power_on()

    def cut(self, name):
        self.network.set_link(name, False)

    def heal(self, name):
        self.network.set_link(name, True)

    def rebuild(self, name):
        database.rebuild(self, self.nodes[name], self.nodes[self.primary()])

    # Commands

    def exec(self, name, arguments, **options):
        return self.nodes[name].exec(arguments, **options)

    def client(self, arguments, **options):
        """Runs a command where the clients are."""
        return run(["ip", "netns", "exec", self.network.switch, *arguments], **options)

    def psql(self, name, statement, database_name="postgres", check=True, timeout=20):
        """Asks an instance over its socket; rows as lines, fields with |."""
        result = self.exec(
            name, ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", database_name, "-c", statement],
            check=check, timeout=timeout, env={**os.environ, "PGCONNECT_TIMEOUT": "3"})
        return result.stdout.strip() if result.returncode == 0 else None

    def configure(self, text):
        """Loads a configuration in crmsh's words."""
        path = self.data / "shared" / "power" / "configuration.crm"
        path.write_text(text)
        node = self.any_node()
        node.exec(["crm", "-F", "configure", "load", "replace", "/run/power/configuration.crm"], timeout=60)

    def any_node(self):
        for node in self.nodes.values():
            if node.init_process():
                return node
        raise LabError("all nodes are off: 'lab/lab power-on pg1'")


