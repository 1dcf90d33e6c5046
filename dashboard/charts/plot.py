"""Drawings of points in time as SVG: a point per report at its true time, gaps as gaps, changes of the rules marked.

Attributes only, as the Content-Security-Policy demands; told without colour, by dashes and by words.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import floor
from statistics import median
from typing import NamedTuple

from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _

from dashboard.text.formatting import format_number, format_rate, format_time
from dashboard.text.formatting import format_percent as with_sign

WIDTH, LEFT, RIGHT = (
    1000,
    56,
    104,
)  # of the drawing; room for the scale, and for the names of the lines
GAP = 3  # times the usual interval, beyond which a line breaks
DAY = dt.timedelta(days=1)
Down = Callable[[float], float]


class Point(NamedTuple):
    """One report as a trend knows it.

    `scope` is None where the file does not list its rules; `rated_failing` where the rate is made of `failing` itself.
    """

    report: int
    at: dt.datetime
    compliant: int
    failing: int
    high: int = 0
    medium: int = 0
    low: int = 0
    scope: int | None = None
    rated_failing: int | None = None

    @property
    def rated(self) -> tuple[int, int]:
        return self.compliant, self.failing if self.rated_failing is None else self.rated_failing

    @property
    def rate(self) -> float | None:
        judged = sum(self.rated)
        return 100 * self.compliant / judged if judged else None


@dataclass(frozen=True)
class Line:
    """One line of a panel: its name, how it is dashed, its values."""

    name: str
    slug: str
    values: Sequence[float | None]
    dashes: str = ""


def draw_svg(points: list[Point], parts: list[str], height: int, words: str) -> str:
    return (
        f'<div class="region" tabindex="0" role="region" aria-label="{escape(words)}">'
        f'<svg class="trend" viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{escape(words)}">'
        f"{draw_date_axis(points, height - 22)}{''.join(parts)}</svg></div>"
    )


def x_positions(points: Sequence[Point]) -> list[float]:
    """Where each report lies from left to right, by its true time."""
    start, span = points[0].at, (points[-1].at - points[0].at).total_seconds() or 1
    width = WIDTH - LEFT - RIGHT
    return [LEFT + width * (point.at - start).total_seconds() / span for point in points]


def find_gaps(points: Sequence[Point]) -> set[int]:
    """The points before which nothing is known for longer than is usual here."""
    waits = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(points)]
    usual = median(waits)
    return {index for index, wait in enumerate(waits, 1) if wait > GAP * usual}


def draw_panel(
    points: list[Point], lines: list[Line], *, top: int, height: int, percent: bool
) -> str:
    """Lines over one scale; the first of them bears the reports' links."""
    values = [value for line in lines for value in line.values if value is not None]
    low, high = choose_scale(values, percent)
    across, broken = x_positions(points), find_gaps(points)

    def down(value: float) -> float:
        return top + height * (high - value) / (high - low)

    form = with_sign if percent else str
    parts = [
        f'<path class="grid" d="M{LEFT} {down(value):.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{down(value) + 4:.1f}">{form(f"{value:g}")}</text>'
        for value in (low, high)
    ]
    taken: list[float] = []
    for line in lines:
        parts.append(draw_line(line, across, broken, down))
        last = next((value for value in reversed(line.values) if value is not None), None)
        if last is not None:
            y = find_free_y(down(last), taken)
            cut = floor(10 * last) / 10  # not rounded, as every rate
            text = f"{line.name} {form(f'{cut:.1f}')}" if percent else f"{line.name} {last:,}"
            parts.append(
                f'<text class="name" x="{WIDTH - RIGHT + 10}" y="{y + 4:.1f}">{escape(text)}</text>'
            )
    return "".join((*parts, *draw_points(points, lines[0], across, down)))


def find_free_y(y: float, taken: list[float]) -> float:
    """A place for a name that covers none of those already there."""
    while any(abs(y - other) < 14 for other in taken):
        y += 2
    taken.append(y)
    return y


def choose_scale(values: list[float], percent: bool) -> tuple[float, float]:
    """The lowest and the highest value of the scale: round numbers, and 100 % on top of a rate."""
    if percent:
        return (min(int(min(values, default=0) // 10 * 10), 90), 100)
    top = max(values, default=0)
    step = 10 ** max(0, len(str(int(top))) - 1)
    return 0, max(1, -(-int(top) // step) * step)


def draw_line(line: Line, across: list[float], broken: set[int], down: Down) -> str:
    """The line, broken at gaps and where there is no value."""
    parts, drawing = [], False
    for index, (x, value) in enumerate(zip(across, line.values, strict=True)):
        if value is None:
            drawing = False
            continue
        parts.append(f"{'L' if drawing and index not in broken else 'M'}{x:.1f} {down(value):.1f}")
        drawing = True
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    return f'<path class="{line.slug}"{dashes} d="{"".join(parts)}"/>'


def draw_points(points: list[Point], line: Line, across: list[float], down: Down) -> Iterator[str]:
    """A link for each report; the table below is the way for a keyboard."""
    radius = 3 if len(points) < 150 else 1.5
    form, rated = _("%(time)s: %(rate)s, %(count)s failing"), cache(format_rate)
    for point, x, value in zip(points, across, line.values, strict=True):
        if value is not None:
            told = {
                "time": format_time(point.at),
                "rate": rated(*point.rated),
                "count": format_number(point.failing),
            }
            yield (
                f'<a href="/reports/{point.report}/" tabindex="-1"><title>{escape(form % told)}</title>'
                f'<circle cx="{x:.1f}" cy="{down(value):.1f}" r="{radius}"/></a>'
            )


def draw_rule_changes(points: list[Point], top: int, bottom: int) -> str:
    """A dashed upright where the pack's rules or their risks changed, with a word at its head."""
    across = x_positions(points)
    parts = []
    for index in find_rule_changes(points):
        x, point = across[index], points[index]
        words = _("The pack's rules changed by %(time)s") % {"time": format_time(point.at)}
        parts.append(
            f'<g class="rules"><title>{escape(words)}</title><path d="M{x:.1f} {top - 8}V{bottom}"/>'
            f'<path class="full" d="M{x:.1f} {top - 14}l4 6-4 6-4-6z"/></g>'
        )
    return "".join(parts)


def find_rule_changes(points: Sequence[Point]) -> list[int]:
    """The points whose rules are others than those of the report before; silent where a file does not list them."""
    return [
        index
        for index, (before, after) in enumerate(pairwise(points), 1)
        if before.scope is not None and after.scope is not None and before.scope != after.scope
    ]


def draw_date_axis(points: list[Point], y: int) -> str:
    """About six dates below the drawing."""
    start, end = points[0].at, points[-1].at
    width, ticks = WIDTH - LEFT - RIGHT, 6
    form = "%Y-%m-%d" if end - start > 3 * DAY else "%m-%d %H:%M"
    parts = []
    for tick in range(ticks):
        local = timezone.localtime(start + (end - start) * tick / (ticks - 1))
        x = LEFT + width * tick / (ticks - 1)
        parts.append(f'<text class="date" x="{x:.0f}" y="{y + 16}">{local:{form}}</text>')
    return "".join(parts)


def first_and_last_time(points: list[Point]) -> dict[str, str]:
    return {"first": format_time(points[0].at), "last": format_time(points[-1].at)}
