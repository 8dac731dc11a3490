"""The command `lab/lab`."""
import argparse
import os
import pathlib
import signal
import sys
import time

from . import conditions, provision
from .basics import DATA_ROOT, PROJECT, STATE_ROOT, LabError, READER_ADDRESS, WRITER_ADDRESS
from .client import Writer, acknowledged_in, report_of
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
    add_bringing_up(add)
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
    add_watching(add)
    add("update", "put newly built programs in place")
    down = add("down", "tear everything down")
    down.add_argument("--all", action="store_true", help="every lab")
    return top


def add_bringing_up(add):
    up = add("up", "bring the nodes up and wait until the cluster has formed")
    up.add_argument("--nodes", type=int, default=3, choices=[1, 2, 3])
    up.add_argument("--agent-dir", default=str(PROJECT / ".build" / "release"))
    up.add_argument("--example", help="then load this file of crm-examples/")
    up.add_argument("--incumbent", action="store_true", help="run heartbeat/pgsql, made to work here, for our agent")
    up.add_argument("--no-fencing", action="store_true", help="load configurations without their fence devices")


def add_watching(add):
    wait = add("wait", "wait until conditions hold")
    wait.add_argument("conditions", nargs="*", metavar="CONDITION", help=conditions.HELP)
    wait.add_argument("--timeout", type=float, default=90)
    writer = add("writer", "insert rows through the virtual IP until Ctrl-C, then say what became of them")
    writer.add_argument("--duration", type=float, help="seconds")
    writer.add_argument("--out", help="note every acknowledged row in this file")
    add("writer-report", "say what became of the rows that 'writer --out' noted", "file")


def tear_down(options):
    everything = sorted({path.name for root in (STATE_ROOT, DATA_ROOT) for path in root.glob("*")})
    names = everything if options.all else [options.name]
    for name in names:
        try:
            lab = Lab.load(name)
        except LabError:
            lab = Lab(name)
        lab.down()


def bring_up(options):
    start = time.monotonic()
    # The incumbent needs nothing that is built.
    is_built = pathlib.Path(options.agent_dir, "pgsql-ra").exists()
    agent_directory = options.agent_dir if is_built or not options.incumbent else None
    lab = Lab(options.name, options.nodes, agent_directory, options.incumbent, not options.no_fencing)
    lab.up(lambda text: print(f"{time.monotonic() - start:5.1f} s  {text}", flush=True))
    if options.example:
        with open(options.example, encoding="utf-8") as file:
            lab.configure(file.read())
    print(f"{time.monotonic() - start:5.1f} s  up: {' '.join(lab.nodes)}. 'lab/lab status', 'lab/lab --help'")


def write(lab, options):
    with Writer(lab, output=options.out) as writer:
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
        print()
        tell(writer.report())


def tell(facts):
    """A writer's report; its exit code says whether rows are lost."""
    print(f"{facts['acknowledged']} rows acknowledged, {facts['lost']} of them lost")
    if facts["longest_gap_ms"] is not None:
        began = time.strftime("%H:%M:%S", time.localtime(facts["gap_began"]))
        print(f"longest gap between acknowledgements: {facts['longest_gap_ms']} ms, from {began} on")
    if facts["lost"]:
        raise LabError("acknowledged rows are lost: 'lab/lab status' shows who is primary")


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
        if options.conditions:
            return conditions.wait_for(lab, options.conditions, options.timeout)
        return lab.wait_healthy(options.timeout)
    if options.command == "writer-report":
        return tell(report_of(lab, acknowledged_in(options.file)))
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
    except OSError as error:
        # A file that was named wrongly, or a program that 'install' would have brought.
        print(f"lab: {error}: 'lab/lab --help', 'lab/lab install'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        was = "what was begun is torn down" if options.command == "up" else "'lab/lab status' shows where things are"
        print(f"lab: interrupted; {was}", file=sys.stderr)
        return 130
    return 0


