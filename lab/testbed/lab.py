"""The lab as a whole: made, looked at, hurt and torn down."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess

from . import configuration, database, disturbance, provision, small_wal
from .basics import DATA_ROOT, DISTURBANCE, PROJECT, PYTHON, SMALL_WAL, STATE_ROOT, LabError, require_root, run, wait_until
from .cluster import ClusterView
from .network import Network
from .node import Node


class Lab(ClusterView):
    def __init__(self, name="lab", nodes=3, agent_directory=None, is_incumbent=False, is_fenced=True,
                 features=()):
        require_root()
        self.name = name
        self.state = STATE_ROOT / name
        self.data = DATA_ROOT / name
        self.shared = self.data / "shared"
        self.agent_directory = pathlib.Path(agent_directory).resolve() if agent_directory else None
        self.is_incumbent = is_incumbent
        self.is_fenced = is_fenced
        # Of SMALL_WAL and DISTURBANCE.
        self.features = tuple(features)
        self.network = Network(name)
        self.nodes = {f"pg{n}": Node(self, f"pg{n}", n) for n in range(1, nodes + 1)}

    @classmethod
    def load(cls, name="lab"):
        """The lab that runs under a name."""
        try:
            facts = json.loads((STATE_ROOT / name / "lab.json").read_text())
        except (OSError, ValueError):
            raise LabError(f"no lab \"{name}\" runs: 'lab/lab up --name {name}'") from None
        return cls(name, facts["nodes"], facts["agent_directory"], facts["incumbent"], facts["fenced"],
                   facts["features"])

    # Up and down

    def up(self, progress=lambda text: None):
        """Makes everything and waits until the cluster has formed; leaves nothing behind when that fails."""
        if self.state.exists():
            raise LabError(f"a lab \"{self.name}\" is there already: 'lab/lab down --name {self.name}'")
        # What a reboot of the machine has left: it empties only the state.
        shutil.rmtree(self.data, ignore_errors=True)
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
            "incumbent": self.is_incumbent, "fenced": self.is_fenced,
            "features": self.features}))
        self.network.up()
        progress("making disks and the first data directory")
        provision.make_shared(self)
        for node in self.nodes.values():
            provision.make_node(self, node)
        first, *others = self.nodes.values()
        database.make_first(first)
        if SMALL_WAL in self.features:
            small_wal.move(first)
        for node in others:
            database.copy_first(first, node)
            if SMALL_WAL in self.features:
                small_wal.copy(first, node)
        progress("plugging the network in, switching power on")
        self._start_controller()
        for node in self.nodes.values():
            node.power_on()

    def _start_controller(self):
        with open(self.state / "controller.out", "wb") as output:
            # In the switch's namespace `down` finds it even when its record was not written any more. Entered by
            # nsenter: `ip netns exec` would hide from the machine the namespaces that the controller makes.
            process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.network.switch}", PYTHON, "-m", "testbed.controller", self.name],
                cwd=PROJECT / "lab", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

        def is_ready():
            if process.poll() is not None:
                raise LabError(f"the power controller ended: see {self.state / 'controller.out'}")
            return (self.shared / "power" / "socket").exists()
        wait_until(is_ready, 10, "the power controller", step=0.01)

    def down(self):
        """Ends what this lab started and removes what it made; every step may find its work done."""
        # The controller first, so that no node is switched on again.
        self.network.end_processes(self.network.switch)
        for node in self.nodes.values():
            if self.state.exists():
                node.power_off()
        self.network.down(self.nodes)
        for node in self.nodes.values():
            small_wal.unmount(node)
        for directory in (self.data, self.state):
            shutil.rmtree(directory, ignore_errors=True)
            if directory.exists():
                raise LabError(f"{directory} can't be removed: 'lab/lab down --name {self.name}' tries again")
        for root in (STATE_ROOT, DATA_ROOT):
            with contextlib.suppress(OSError):
                root.rmdir()

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
        # First, so that no process begins any more; what ends between the look and the signal is as good as halted.
        node.exec(["kill", "-STOP", node.postmaster()])
        node.exec(["kill", "-STOP", *node.server_processes()], check=False)

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
        """Cuts a node's network; it stays cut when the node is fenced and boots, until `heal`."""
        with self.nodes[name].switching():
            self.nodes[name].cut_file.touch()
            self.network.set_link(name, False)

    def heal(self, name):
        """Connects a node again, whichever way it was cut off."""
        node = self.nodes[name]
        with node.switching():
            node.cut_file.unlink(missing_ok=True)
            self.network.set_link(name, True)
            self.network.set_outgoing(name, True)
            self.network.set_incoming(name, True)
            if node.init_process():
                node.exec(["ip", "route", "flush", "type", "blackhole"], check=False)
        if SMALL_WAL in self.features:
            small_wal.free(node)
        if DISTURBANCE in self.features and node.init_process():
            disturbance.calm(node)

    def mute(self, name):
        """Cuts one direction: nothing that the node sends leaves it, until `heal` or its reboot."""
        self.network.set_outgoing(name, False)

    def deafen(self, name):
        """Cuts the other direction: nothing that is sent to the node arrives, until `heal` or its reboot."""
        self.network.set_incoming(name, False)

    def hide(self, name, *addresses):
        """Lets a node reach an address no more, until `heal` or its reboot."""
        for address in addresses:
            self.nodes[name].exec(["ip", "route", "add", "blackhole", f"{address}/32"])

    def part(self, *names):
        """Lets nodes lose sight of each other, while clients reach all of them."""
        for name in names:
            self.hide(name, *(self.nodes[other].address for other in names if other != name))

    def rebuild(self, name):
        database.rebuild(self, self.nodes[name], self.nodes[self.primary()])

    # What an operator does

    def set_standby(self, name, is_standby, check=True):
        """Puts a node into standby mode, in which it runs nothing, or takes it out of it."""
        words = ["-v", "on"] if is_standby else ["-D"]
        self.any_node().exec(["crm_attribute", "-N", name, "-n", "standby", *words], check=check)

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
        if not self.is_fenced:
            text = configuration.without_fencing(text)
        if self.is_incumbent:
            text = configuration.for_incumbent(text)
        path = self.data / "shared" / "power" / "configuration.crm"
        path.write_text(text)
        node = self.any_node()
        node.exec(["crm", "-F", "configure", "load", "replace", "/run/power/configuration.crm"], timeout=60)

    def any_node(self):
        """A node to talk to the cluster by: with quorum if there is one, otherwise any that is on."""
        running = [node for node in self.nodes.values() if node.init_process()]
        for node in running:
            if node.exec(["crm_node", "--quorum"], check=False, timeout=5).stdout.strip() == "1":
                return node
        if not running:
            raise LabError("all nodes are off: 'lab/lab power-on pg1'")
        return running[0]
