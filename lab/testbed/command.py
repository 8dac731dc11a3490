"""The command `lab/lab`."""
import argparse
import os
import signal
import sys
import time

from . import provision
from .basics import PROJECT, STATE_ROOT, LabError, READER_ADDRESS, WRITER_ADDRESS
from .client import Writer
from .install import install
from .lab import Lab


def parser():
    top = argparse.ArgumentParser(
        prog="lab/lab", description="Real cluster nodes on this machine: corosync, Pacemaker, fencing, PostgreSQL.",
        epilog="With --name NAME, before or after COMMAND, several labs run side by side; the default is 'lab'.")
    top.add_argument("--name", default="lab", help=argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, text, *positional):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--name", default=argparse.SUPPRESS, help="the lab's name")
        for word in positional:
            command.add_argument(word)
        return command

    add("install", "install what the lab needs")
    up = add("up", "bring the nodes up and wait until the cluster has formed")
    up.add_argument("--nodes", type=int, default=3, choices=[1, 2, 3])
    up.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"))
    up.add_argument("--example", help="then load this file of crm-examples/")
    up.add_argument("--incumbent", action="store_true", help="make heartbeat/pgsql work here, to compare")
    add("load", "load a configuration in crmsh's words", "file")
    add("status", "show what the cluster says")
    for name, text in (("exec", "run a command on a node"), ("psql", "ask a node, or 'writer' or 'reader'")):
        command = add(name, text, "node")
        command.add_argument("words", nargs=argparse.REMAINDER)
    add("shell", "open a shell on a node", "node")
    add("kill-postmaster", "kill a node's postmaster", "node")
    add("hang", "halt all processes of a node's instance", "node")
    add("unhang", "let them go on", "node")
    add("power-off", "cut a node's power", "node")
    add("power-on", "switch a node on", "node")
    add("cut", "cut a node's network", "node")
    add("heal", "connect it again", "node")
    add("rebuild", "make a node's data anew from the primary's", "node")
    healthy = add("wait", "wait until a primary runs, all others stream and one is synchronous")
    healthy.add_argument("--timeout", type=float, default=90)
    writer = add("writer", "insert rows through the virtual IP until Ctrl-C, then say what became of them")
    writer.add_argument("--duration", type=float, help="seconds")
    add("update", "put newly built programs in place")
    down = add("down", "tear everything down")
    down.add_argument("--all", action="store_true", help="every lab")
    return top


def tear_down(options):
    names = [path.name for path in STATE_ROOT.glob("*")] if options.all else [options.name]
    for name in names:
        try:
            lab = Lab.load(name)
        except LabError:
            lab = Lab(name)
        lab.down()


def bring_up(options):
    start = time.monotonic()
    lab = Lab(options.name, options.nodes, options.agent_dir, options.incumbent)
    lab.up(lambda text: print(f"{time.monotonic() - start:5.1f} s  {text}", flush=True))
    if options.example:
        with open(options.example, encoding="utf-8") as file:
            lab.configure(file.read())
    print(f"{time.monotonic() - start:5.1f} s  up: {' '.join(lab.nodes)}. 'lab/lab status', 'lab/lab --help'")


def write(lab, options):
    with Writer(lab) as writer:
        end = time.monotonic() + options.duration if options.duration else None
        try:
            while end is None or time.monotonic() < end:
                time.sleep(0.5)
                rows = writer.acknowledged()
                gap = writer.longest_gap()
                print(f"\r{len(rows)} rows acknowledged, longest gap {gap or 0:.2f} s", end="", flush=True)
        except KeyboardInterrupt:
            pass
        writer.stop()
        print(f"\nacknowledged rows that are lost: {len(writer.lost())}")


def ask(lab, options):
    words = options.words
    if options.node in ("writer", "reader"):
        host = WRITER_ADDRESS if options.node == "writer" else READER_ADDRESS
        os.execvp("ip", ["ip", "netns", "exec", lab.network.switch, "psql", "-h", host, "-U", "app", "postgres", *words])
    command = lab.nodes[options.node].command(["runuser", "-u", "postgres", "--", "psql", "postgres", *words])
    os.execvp(command[0], command)


def node_of(lab, name):
    if name not in lab.nodes:
        raise LabError(f"no node \"{name}\": the nodes are {' '.join(lab.nodes)}")
    return lab.nodes[name]


def carry_out(options):
    if options.command == "install":
        return install()
    if options.command == "up":
        return bring_up(options)
    if options.command == "down":
        return tear_down(options)
    lab = Lab.load(options.name)
    if getattr(options, "node", None) not in (None, "writer", "reader"):
        node_of(lab, options.node)
    simple = {
        "kill-postmaster": lab.kill_postmaster, "hang": lab.hang, "unhang": lab.unhang, "power-off": lab.power_off,
        "power-on": lab.power_on, "cut": lab.cut, "heal": lab.heal, "rebuild": lab.rebuild,
    }
    if options.command in simple:
        return simple[options.command](options.node)
    if options.command == "load":
        with open(options.file, encoding="utf-8") as file:
            return lab.configure(file.read())
    if options.command == "update":
        return provision.install_programs(lab)
    if options.command == "wait":
        return lab.wait_healthy(options.timeout)
    if options.command == "writer":
        return write(lab, options)
    if options.command == "psql":
        return ask(lab, options)
    words = {"status": ["crm_mon", "-1AfrR"], "shell": ["bash", "-l"]}.get(options.command) or options.words
    node = lab.any_node() if options.command == "status" else lab.nodes[options.node]
    command = node.command(words[1:] if words[:1] == ["--"] else words)
    return os.execvp(command[0], command)


def main():
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        carry_out(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; what was begun is torn down", file=sys.stderr)
        return 130
    return 0


