"""What the cluster says of itself."""
import xml.etree.ElementTree as xml

from .basics import LabError, wait_until

# What a start that refuses diverged data tells the operator to do.
DIVERGED = "pgrex-tool rejoin"
# What a start says of a directory without data.
NO_DATA = "is no data directory"


class ClusterView:
    """Questions to the cluster; any node that answers will do."""

    def cib(self):
        """The CIB as one of the nodes has it; prefers a node with quorum."""
        fallback = None
        for node in self.nodes.values():
            if not node.init_process():
                continue
            result = node.exec(["cibadmin", "--query"], check=False, timeout=10)
            if result.returncode != 0:
                continue
            tree = xml.fromstring(result.stdout)
            if tree.get("have-quorum") == "1":
                return tree
            fallback = tree
        if fallback is None:
            raise LabError("no node's cluster services answer: 'lab/lab status'")
        return fallback

    def try_cib(self):
        try:
            return self.cib()
        except LabError:
            return None

    def online(self, tree=None):
        """The nodes that are members and have joined, by a CIB that was read already or a new one."""
        tree = self.try_cib() if tree is None else tree
        if tree is None:
            return []
        return [state.get("uname") for state in tree.iter("node_state")
                if is_yes(state.get("in_ccm")) and is_yes(state.get("crmd")) and state.get("join") == "member"]

    def designated_controller(self):
        """The node whose controller decides for the cluster (DC); None while there is none."""
        tree = self.try_cib()
        names = {node.get("id"): node.get("uname") for node in tree.iter("node")} if tree is not None else {}
        return names.get(tree.get("dc-uuid")) if names else None

    def wait_formed(self, timeout=60):
        def is_formed():
            tree = self.try_cib()
            return tree is not None and tree.get("have-quorum") == "1" and tree.get("dc-uuid") not in (None, "0") and \
                len(self.online()) == len(self.nodes)
        wait_until(is_formed, timeout, "every node online with quorum", step=0.2)

    def attribute(self, node, name):
        """A node attribute, transient before permanent; None when unset."""
        return self.attributes().get(node, {}).get(name)

    def attributes(self):
        """{node: {name: value}}."""
        found = {}
        tree = self.try_cib()
        if tree is None:
            return found
        for node in tree.iter("node"):
            found.setdefault(node.get("uname"), {}).update(
                {pair.get("name"): pair.get("value") for pair in node.iter("nvpair")})
        for state in tree.iter("node_state"):
            for part in state.findall("transient_attributes"):
                found.setdefault(state.get("uname"), {}).update(
                    {pair.get("name"): pair.get("value") for pair in part.iter("nvpair")})
        return found

    def roles(self, tree=None):
        """{node: role} of the instances, from each node's operation history."""
        tree = self.try_cib() if tree is None else tree
        if tree is None:
            return {}
        online = self.online(tree)
        found = {}
        for state in tree.iter("node_state"):
            # The cluster may not have noticed yet that a node's power is off.
            if state.get("uname") not in online or not self.nodes[state.get("uname")].init_process():
                continue
            for resource in state.iter("lrm_resource"):
                if resource.get("id", "").split(":")[0] == "pgsql":
                    found[state.get("uname")] = role_of(resource)
        return found

    def primary(self):
        """The node in the promoted role."""
        promoted = [node for node, role in self.roles().items() if role == "promoted"]
        if len(promoted) != 1:
            raise LabError(f"{len(promoted)} primaries run ({self.roles()}): 'lab/lab status'")
        return promoted[0]

    def try_primary(self):
        try:
            return self.primary()
        except LabError:
            return None

    def synchronous(self):
        """The nodes whose standby is synchronous by the cluster's record."""
        return [node for node, values in self.attributes().items() if values.get("pgsql-status") == "HS:sync"]

    def wait_primary(self, timeout=60, other_than=None):
        def found():
            name = self.try_primary()
            return name if name and name != other_than else None
        return wait_until(found, timeout, "a primary", step=0.1)

    def streams(self, name, primary):
        """Whether a primary has a standby's connection over which WAL is streamed."""
        return self.psql(primary, "SELECT true FROM pg_stat_replication WHERE state = 'streaming' "
                                  f"AND application_name = '{name}'", check=False) == "t"

    def wait_standbys(self, count, timeout=60):
        """Waits until so many standbys stream from the primary."""
        def are_there():
            name = self.try_primary()
            if not name:
                return False
            answer = self.psql(name, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", check=False)
            return answer is not None and int(answer) >= count
        wait_until(are_there, timeout, f"{count} streaming standbys", step=0.1)

    def wait_healthy(self, timeout=90, synchronous=1):
        """A primary, all others streaming, and so many of them recorded as synchronous."""
        self.wait_primary(timeout)
        self.wait_standbys(len(self.nodes) - 1, timeout)
        wait_until(lambda: len(self.synchronous()) == synchronous, timeout,
                   f"synchronous standbys: {synchronous}", step=0.1)

    def wait_all_synchronous(self, timeout=90):
        """A primary, all others streaming and recorded as synchronous."""
        self.wait_healthy(timeout, len(self.nodes) - 1)

    def wait_ranked(self, timeout=90):
        """A primary, all others streaming, and recorded in their ranks: asynchronous mode."""
        self.wait_primary(timeout)
        self.wait_standbys(len(self.nodes) - 1, timeout)

        def scores():
            values = self.attributes()
            return sorted(int(values[name].get("master-pgsql", "-1").replace("-INFINITY", "-1")) for name in self.nodes)
        wait_until(lambda: scores() == [99, 100, 1000], timeout, "ranked standbys", step=0.1)


def is_yes(text):
    """Words before Pacemaker 2.1.6, the time since when afterwards."""
    return text in ("true", "online") or (text or "0").isdigit() and int(text or "0") > 0


def failed_operations(tree, operation):
    """[(node, exit reason)] of the instance's operations of a kind that failed; 7, 8 and 193 (pending) aren't failures."""
    return [(state.get("uname"), op.get("exit-reason") or f"exit code {op.get('rc-code')}")
            for state in (tree.iter("node_state") if tree is not None else []) for op in state.iter("lrm_rsc_op")
            if op.get("operation") == operation and op.get("id", "").startswith("pgsql_")
            and op.get("rc-code") not in ("0", "7", "8", "193")]


def role_of(resource):
    """The role that a history tells: that from which an action under way started, or the newest finished one's."""
    operations = [op for op in resource.iter("lrm_rsc_op")
                  if op.get("operation") in ("start", "stop", "monitor", "promote", "demote")]
    before = {"start": "stopped", "demote": "promoted", "promote": "unpromoted", "stop": "unpromoted"}
    for op in operations:
        if op.get("op-status") == "-1" and op.get("operation") in before:
            return before[op.get("operation")]
    finished = [op for op in operations if op.get("op-status") != "-1"]
    if not finished:
        return "unknown"
    newest = max(finished, key=lambda op: (int(op.get("call-id", "0")), int(op.get("last-rc-change") or "0")))
    key = (newest.get("operation"), newest.get("rc-code"))
    return {("promote", "0"): "promoted", ("monitor", "8"): "promoted", ("start", "0"): "unpromoted",
            ("demote", "0"): "unpromoted", ("monitor", "0"): "unpromoted", ("stop", "0"): "stopped",
            ("monitor", "7"): "stopped"}.get(key, "failed")
