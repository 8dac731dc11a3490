"""How the programs that bring a lab up for themselves begin and end."""
import signal
import sys

from .basics import LabError


def run_program(name, options, perform):
    """Gives the exit code: what `perform` says, 1 with one sentence for an error, 130 for Ctrl-C.

    SIGTERM ends a program as Ctrl-C does, through whatever tears its lab down.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return perform(options)
    except LabError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted; the lab is torn down", file=sys.stderr)
        return 130
