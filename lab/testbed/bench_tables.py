"""The bench's tables: the cells, for a terminal and for the document."""
from .bench_contenders import CONTENDERS
from .bench_limits import median, values
from .bench_measures import MEASUREMENTS
from .bench_monitors import PRIMARY, STANDBY

ADDRESS = "Failure until the virtual IP answers elsewhere"


def spread(numbers, unit=" s", digits=2):
    """The median, and between what the runs were."""
    if not numbers:
        return "-"
    return f"{median(numbers):.{digits}f}{unit} ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"


def cell(results, contender, key):
    """A contender's figures of a measurement; where there are none, why."""
    samples = results["samples"].get(contender, {}).get(key)
    if not samples:
        return "", ""
    found = values(results, contender, key)
    reasons = [sample["reason"] for sample in samples if sample["reason"]]
    if not reasons:
        return spread(found), ""
    note = reasons[0] if not found else f"{len(reasons)} of {len(samples)}: {reasons[0]}"
    return spread(found), note


def lost(results, contender):
    samples = [sample for found in results["samples"].get(contender, {}).values() for sample in found]
    counted = [sample["lost"] for sample in samples if sample["lost"] is not None]
    acknowledged = sum(sample["acknowledged"] for sample in samples)
    unknown = sum(sample["lost"] is None for sample in samples if sample["acknowledged"])
    text = f"{sum(counted)} of {acknowledged}"
    return text + (f", not counted in {unknown} runs" if unknown else "")


def measured_contenders(results, is_floor=False):
    return [each for key, each in CONTENDERS.items() if key in results["samples"] and each.is_floor == is_floor]


def client_rows(results):
    """(header, rows, notes): measurements by contenders."""
    contenders = measured_contenders(results)
    header, rows, notes = ("", *(each.title for each in contenders)), [], []
    for key, measurement in MEASUREMENTS.items():
        cells = []
        for contender in contenders:
            text, note = cell(results, contender.key, key)
            cells.append(text)
            if note:
                notes.append(f"{measurement.title}, {contender.title}: {note}")
        if any(cells):
            rows.append((measurement.title, *cells))
    rows.append(("Acknowledged rows lost", *(lost(results, each.key) for each in contenders)))
    return header, rows, notes


def floor_rows(results):
    """(header, rows): Pacemaker alone and with ours, with and without notifications."""
    def row(title, floor, ours):
        least = values(results, floor, "report")
        own = values(results, ours, "postmaster-killed", "address")
        above = f"{median(own) - median(least):+.2f} s" if own and least else "-"
        return title, spread(least), spread(own), above
    return ("", "an agent that does nothing", "pgsql-swift", "difference of medians"), [
        row("notify=true", "floor", "ours"), row("notify=false", "floor-quiet", "ours-quiet")]


MONITORS = ("NODES", "ACTION", "AGENT", "WALL, MEDIAN", "WALL, P95", "CPU", "PROCESSES", "COMMANDS", "CONNECTIONS")


def monitor_rows(results):
    """(header, rows): both monitors of every size of cluster, then what else was measured of three nodes."""
    sizes = sorted({size for figures in results["monitors"].values() for size in figures}, key=int)
    actions = {action for figures in results["monitors"].values() for found in figures.values() for action in found}
    ordered = [PRIMARY, STANDBY, *sorted(actions - {PRIMARY, STANDBY})]
    rows = []
    for action in ordered:
        for size in sizes:
            for key, figures in results["monitors"].items():
                facts = figures.get(size, {}).get(action)
                if facts:
                    rows.append((size, action, CONTENDERS[key].title, f"{facts['median']:.1f} ms",
                                 f"{facts['high']:.1f} ms", f"{facts['processor']:.1f} ms", str(facts["processes"]),
                                 str(facts["commands"]), str(facts["connections"])))
    return MONITORS, rows


def rest_rows(results):
    return ("", *(CONTENDERS[key].title for key in results["rest"])), [
        (f"a {role}'s node", *(f"{shares[role]:.2%}" for shares in results["rest"].values()))
        for role in ("primary", "standby")]
