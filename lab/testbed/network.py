"""The lab's network: a switch in a namespace of its own, which is also where the clients are."""
import os
import signal

from .basics import CLIENT_ADDRESS, NETWORK, run, wait_until


class Network:
    def __init__(self, lab_name):
        self.prefix = f"pgl-{lab_name}"
        self.switch = f"{self.prefix}-switch"

    def namespace(self, node):
        return f"{self.prefix}-{node}"

    def up(self):
        run(["ip", "netns", "add", self.switch])
        self._switch("link", "set", "lo", "up")
        # Otherwise it would be that of one of the ports, and change with them: whoever knows the former one couldn't answer
        # the clients for a minute.
        self._switch("link", "add", "br0", "address", "02:00:0a:4d:00:01", "type", "bridge")
        self._switch("address", "add", f"{CLIENT_ADDRESS}/24", "dev", "br0")
        self._switch("link", "set", "br0", "up")

    def plug(self, node, number, is_up):
        """Connects a node's fresh namespace; a cable that is cut stays so."""
        name = self.namespace(node)
        run(["ip", "netns", "add", name])
        # Made inside the namespaces, so that two labs never see each other's names.
        run(["ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", f"v-{node}", "netns", self.switch])
        run(["ip", "-n", name, "address", "add", f"{NETWORK}.{10 + number}/24", "dev", "eth0"])
        run(["ip", "-n", name, "link", "set", "lo", "up"])
        run(["ip", "-n", name, "link", "set", "eth0", "up"])
        self._switch("link", "set", f"v-{node}", "master", "br0")
        self.set_link(node, is_up)

    def unplug(self, node):
        run(["ip", "netns", "delete", self.namespace(node)], check=False)
        self._switch("link", "delete", f"v-{node}", check=False)

    def set_link(self, node, is_up):
        self._switch("link", "set", f"v-{node}", "up" if is_up else "down", check=False)

    def set_outgoing(self, node, is_up):
        """Whether what a node sends leaves it; what is sent to it arrives either way."""
        self._set_queue(self.namespace(node), "eth0", is_up)

    def set_incoming(self, node, is_up):
        """Whether what is sent to a node arrives; what it sends leaves it either way."""
        self._set_queue(self.switch, f"v-{node}", is_up)

    def _set_queue(self, namespace, device, is_up):
        """A queue without room drops all that a device should send."""
        words = ["delete", "dev", device, "root"] if is_up else ["replace", "dev", device, "root", "pfifo", "limit", "0"]
        run(["ip", "netns", "exec", namespace, "tc", "qdisc", *words], check=not is_up)

    def processes(self, namespace):
        return [int(word) for word in run(["ip", "netns", "pids", namespace], check=False).stdout.split()]

    def end_processes(self, namespace):
        """Ends what runs in a namespace, recorded or not, and waits for it: a boot that was interrupted, a writer."""
        def are_gone():
            found = self.processes(namespace)
            for pid in found:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not found
        wait_until(are_gone, 20, f"the end of what runs in {namespace}", step=0.02)

    def down(self, nodes):
        for node in nodes:
            run(["ip", "netns", "delete", self.namespace(node)], check=False)
        run(["ip", "netns", "delete", self.switch], check=False)

    def _switch(self, *words, check=True):
        return run(["ip", "-n", self.switch, *words], check=check)
