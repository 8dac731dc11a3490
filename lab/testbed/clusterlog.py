"""When the cluster knew something: Pacemaker's log of a node, on the clock of the writers."""
import datetime
import time

LOG = "var-log/pacemaker/pacemaker.log"
STAMP = "%Y %b %d %H:%M:%S.%f"


def moment_of(node, words, since):
    """The monotonic time of the first line after `since` that has all these words; None while there is none.

    Only where the node's clock is the machine's.
    """
    offset = time.time() - time.monotonic()
    year = datetime.date.today().year
    try:
        lines = (node.directory / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    for line in lines:
        if all(word in line for word in words):
            stamp = datetime.datetime.strptime(f"{year} " + " ".join(line.split()[:3]), STAMP).timestamp() - offset
            if stamp >= since:
                return stamp
    return None
