"""What the bench holds its figures against, and how it reads them."""
import math
import statistics

from .bench_monitors import PRIMARY, STANDBY

# Of ours, in seconds.
MOST_ABOVE_FLOOR, MOST_BEYOND_MEMBERSHIP, MOST_FORMATION, MOST_STALL = 0.35, 1.2, 10, 0.5
MOST_HANG, MOST_HANG_WATCHED = 12, 3
MOST_KILLED, MOST_KILLED_QUIET, MOST_SWITCHOVER = 1.0, 0.6, 1.0
MOST_REST = 0.005
MOST_MILLISECONDS, MOST_COMMANDS, MOST_CONNECTIONS = 12, 1, 1
LEAST_WALL_RATIO, LEAST_PROCESS_RATIO = 20, 50


def values(results, contender, measurement, fact=None):
    """What was measured in all runs, of the clients or one of the facts beside that."""
    samples = results["samples"].get(contender, {}).get(measurement, [])
    found = [sample["facts"].get(fact) if fact else sample["value"] for sample in samples]
    return [value for value in found if value is not None]


def median(numbers):
    return statistics.median(numbers) if numbers else None


def checks(results):
    """[(whether it holds, what)]; None for what wasn't measured."""
    return [*client_checks(results), *floor_checks(results), power_check(results), *rest_checks(results),
            *monitor_checks(results), *lost_checks(results)]


def bounded(what, value, most, is_strict=False, unit=" s"):
    if value is None:
        return None, f"{what}: not measured"
    return (value < most if is_strict else value <= most), \
        f"{what}: {value:.2f}{unit}, {'under' if is_strict else 'at most'} {most}{unit}"


def client_checks(results):
    """Medians of what clients noticed; a run without a value keeps no limit."""
    for contender, key, what, most in (
            ("ours", "postmaster-killed", "postmaster killed, longest gap", MOST_KILLED),
            ("ours-quiet", "postmaster-killed", "postmaster killed, notify=false, longest gap", MOST_KILLED_QUIET),
            ("ours", "switchover", "switchover, longest gap", MOST_SWITCHOVER),
            ("ours", "hang", "postmaster hangs, longest gap", MOST_HANG),
            ("ours", "hang-watched", "postmaster hangs, a monitor every second, longest gap", MOST_HANG_WATCHED),
            ("ours", "standby-killed", "synchronous standby's postmaster killed, commit stall", MOST_STALL),
            ("ours", "formation", "formation", MOST_FORMATION)):
        failed = [sample["reason"] for sample in results["samples"].get(contender, {}).get(key, []) if sample["reason"]]
        if failed:
            yield False, f"{what}: {failed[0]}"
        else:
            yield bounded(what, median(values(results, contender, key)), most, key == "formation")


def floor_checks(results):
    for ours, floor, what in (("ours", "floor", ""), ("ours-quiet", "floor-quiet", ", notify=false")):
        own = median(values(results, ours, "postmaster-killed", "address"))
        least = median(values(results, floor, "report"))
        above = None if own is None or least is None else own - least
        yield bounded(f"from the failure to the virtual IP, above the floor{what}", above, MOST_ABOVE_FLOOR)


def power_check(results):
    token, consensus = results["membership"]
    samples = results["samples"].get("ours", {}).get("power-cut", [])
    failed = [sample["reason"] or "no fencing seen" for sample in samples if not sample["facts"].get("fencing")]
    if failed:
        return False, f"power cut: {failed[0]}"
    rest = [sample["value"] - sample["facts"]["fencing"] - token - consensus for sample in samples]
    return bounded(f"power cut, longest gap beyond token ({token:.2f} s), consensus ({consensus:.2f} s) and fencing",
                   median(rest), MOST_BEYOND_MEMBERSHIP)


def rest_checks(results):
    shares = results["rest"].get("ours")
    most = max(shares.values()) * 100 if shares else None
    yield bounded("a node at rest, monitors", most, MOST_REST * 100, True, " % of one core")


def ratio(theirs, ours):
    return theirs / ours if ours else math.inf


def monitor_checks(results):
    """Both monitors of a cluster of three, beside those of heartbeat/pgsql."""
    ours, theirs = (results["monitors"].get(key, {}).get("3", {}) for key in ("ours", "pgsql"))
    for action in (PRIMARY, STANDBY):
        mine, other = ours.get(action), theirs.get(action)
        if mine is None:
            yield None, f"{action}: not measured"
            continue
        yield bounded(action, mine["median"], MOST_MILLISECONDS, unit=" ms")
        for what, most in (("commands", MOST_COMMANDS), ("connections", MOST_CONNECTIONS)):
            yield mine[what] <= most, f"{action}: {what}: {mine[what]}, at most {most}"
        if other is None:
            continue
        wall, processes = ratio(other["median"], mine["median"]), ratio(other["processes"], mine["processes"])
        yield wall >= LEAST_WALL_RATIO, f"{action}: {wall:.0f} times less wall time than heartbeat/pgsql, " \
            f"at least {LEAST_WALL_RATIO}"
        yield processes >= LEAST_PROCESS_RATIO, f"{action}: {processes:.0f} times fewer processes than " \
            f"heartbeat/pgsql, at least {LEAST_PROCESS_RATIO}"


def lost_checks(results):
    """Acknowledged rows that ours lost; a run in which they couldn't be counted keeps nothing."""
    for contender in ("ours", "ours-quiet"):
        for key, samples in results["samples"].get(contender, {}).items():
            counted = [sample for sample in samples if sample["acknowledged"]]
            lost = [sample["lost"] for sample in counted]
            if counted and (None in lost or sum(lost)):
                yield False, f"{contender}, {key}: acknowledged rows lost: " \
                    f"{'not all counted' if None in lost else sum(lost)}, at most 0"
    everything = [sample for contender in ("ours", "ours-quiet")
                  for samples in results["samples"].get(contender, {}).values() for sample in samples]
    acknowledged = sum(sample["acknowledged"] for sample in everything)
    lost = sum(sample["lost"] or 0 for sample in everything)
    yield lost == 0, f"acknowledged rows lost: {lost} of {acknowledged}, at most 0"
