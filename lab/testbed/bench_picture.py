"""The bench's picture: an SVG with a bar for each contender and measurement, its median, and a dot for each run."""
import html
import math

from .bench_limits import median, values
from .bench_measures import MEASUREMENTS
from .bench_tables import cell, measured_contenders

COLORS = {"ours": "#1f6f8b", "ours-quiet": "#7fb7c9", "pgsql": "#c8553d", "paf": "#e0a458"}
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 960, 370, 170, 14, 16, 56
# Seconds at both ends of the axis.
LEAST, MOST = 0.05, 100


def place(seconds):
    """Where a time is on the axis, which has a decade every so many pixels."""
    part = math.log(max(seconds, LEAST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + min(part, 1) * (WIDTH - LEFT - RIGHT)


def text(x, y, words, anchor="start", size=12, more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}"{more}>{html.escape(words)}</text>'


def axis(height):
    for seconds in (0.1, 0.5, 1, 5, 10, 50):
        x = place(seconds)
        yield f'<line x1="{x:.0f}" y1="{TOP - 8}" x2="{x:.0f}" y2="{height - 10}" stroke="#ddd"/>'
        yield text(x, TOP - 14, f"{seconds:g} s", "middle", 11)


def bar(results, contender, key, y):
    found = values(results, contender.key, key)
    color = COLORS[contender.key]
    if not found:
        yield text(LEFT + 4, y + 11, f"{contender.title}: {cell(results, contender.key, key)[1]}", size=11,
                   more=f' fill="{color}"')
        return
    end = place(median(found))
    yield f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" fill="{color}"/>'
    for value in found:
        yield f'<circle cx="{place(value):.1f}" cy="{y + BAR / 2}" r="2" fill="#222"/>'
    yield text(max(place(max(found)), end) + 8, y + 11, f"{median(found):.2f} s  {contender.title}", size=11)


def picture(results):
    contenders = measured_contenders(results)
    lines, y = [], TOP
    for key, measurement in MEASUREMENTS.items():
        present = [each for each in contenders if key in results["samples"][each.key]]
        if present:
            lines.append(text(LEFT - 10, y + 11, measurement.title, "end"))
        for contender in present:
            lines += bar(results, contender, key, y)
            y += BAR + 3
        y += GAP if present else 0
    title = text(20, 24, f"Seconds that clients notice, median of {results['runs']} runs; shorter is better. "
                         "The axis is logarithmic.", size=13)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
        'font-family="sans-serif">', f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', title, *axis(y), *lines,
        "</svg>", ""])
