"""Draw line charts over time as SVG text, for all trends.

Each report is a point at its time. A line breaks at a gap, an unusually long time without a
report. Lines differ by dashes and names, and not only by colour. The Content-Security-Policy
forbids `style` attributes, so only SVG attributes and classes are used.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil, floor

from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _

from dashboard.queries.trend import Point, find_gaps, find_rule_changes
from dashboard.text.formatting import format_number, format_page_time, format_percent, format_rate
from dashboard.text.template_tags import get_page_url

# All lengths are in units of the SVG drawing.
WIDTH = 1000
LEFT = 56  # margin for the numbers of the scale
RIGHT = 140  # margin for the names of the lines
PLOT_WIDTH = WIDTH - LEFT - RIGHT
DATE_TICKS = 6
DATE_AXIS_HEIGHT = 22
NAME_HEIGHT = 14
TEXT_MIDDLE = 4  # from the middle of a text down to its base line
MANY_POINTS = 150  # with this number or more, points are drawn smaller
# Converts a value into its y coordinate.
ScaleY = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """A line of a chart, with a value or None for each point.

    `slug` is the class in the style sheet, `dashes` the SVG attribute stroke-dasharray.
    """

    name: str
    slug: str
    values: Sequence[float | None]
    dashes: str = ""

    @property
    def last_value(self) -> float | None:
        """The last value that is not None; None if there is none."""
        return next((value for value in reversed(self.values) if value is not None), None)


def draw_svg(points: list[Point], parts: list[str], height: int, description: str) -> str:
    """Return a whole chart: the parts (SVG text) above an axis with dates.

    `description` is the label for screen readers.
    """
    label = escape(description)
    return (
        f'<div class="region" tabindex="0" role="region" aria-label="{label}">'
        f'<svg class="trend" viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{label}">'
        f"{draw_date_axis(points, height - DATE_AXIS_HEIGHT)}{''.join(parts)}</svg></div>"
    )


def compute_x_positions(points: Sequence[Point]) -> list[float]:
    """Return the x coordinate of each point: proportional to its time."""
    start = points[0].time
    duration = (points[-1].time - start).total_seconds() or 1  # never divide by zero
    return [LEFT + PLOT_WIDTH * (point.time - start).total_seconds() / duration for point in points]


def draw_panel(
    points: list[Point], lines: list[Line], *, top: int, height: int, percent: bool
) -> str:
    """Draw lines over one scale, and a link to each report on its first line with a value."""
    values = [value for line in lines for value in line.values if value is not None]
    lowest, highest = choose_scale(values, percent)

    def scale_y(value: float) -> float:
        return top + height * (highest - value) / (highest - lowest)

    xs, gaps = compute_x_positions(points), find_gaps(points)
    parts = [draw_grid_line(value, scale_y, percent) for value in (lowest, highest)]
    parts += [draw_plot_line(line, xs, gaps, scale_y) for line in lines]
    ends = [(line.name, line.last_value) for line in lines if line.last_value is not None]
    name_ys = place_names([scale_y(value) for _, value in ends], bottom=top + height)
    for (name, last_value), y in zip(ends, name_ys, strict=True):
        parts.append(draw_line_name(name, last_value, y, percent))
    return "".join((*parts, *draw_points(points, lines, xs, scale_y)))


def draw_grid_line(value: float, scale_y: ScaleY, percent: bool) -> str:
    """Draw a horizontal line at a value of the scale, with the value at its left."""
    y = scale_y(value)
    text = format_percent(f"{value:g}") if percent else f"{value:g}"
    return (
        f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{y + TEXT_MIDDLE:.1f}">{text}</text>'
    )


def draw_line_name(name: str, last_value: float, y: float, percent: bool) -> str:
    """Draw a line's name and last value at the right end of the line.

    A percentage is cut to a tenth and not rounded, like all rates (see format_rate).
    """
    cut_value = floor(10 * last_value) / 10
    value_text = format_percent(f"{cut_value:.1f}") if percent else f"{last_value:,}"
    text = escape(f"{name} {value_text}")
    return f'<text class="name" x="{WIDTH - RIGHT + 10}" y="{y + TEXT_MIDDLE:.1f}">{text}</text>'


def place_names(line_ys: Sequence[float], bottom: float) -> list[float]:
    """Return a y for each name, near the end of its line and in the order of the lines.

    No two names overlap, and none stands below `bottom`, where the dates are.
    """
    name_ys = list(line_ys)
    order = sorted(range(len(name_ys)), key=lambda index: name_ys[index])
    for upper, lower in pairwise(order):
        name_ys[lower] = max(name_ys[lower], name_ys[upper] + NAME_HEIGHT)
    lowest_y = bottom
    for index in reversed(order):
        name_ys[index] = min(name_ys[index], lowest_y)
        lowest_y = name_ys[index] - NAME_HEIGHT
    return name_ys


def choose_scale(values: list[float], percent: bool) -> tuple[float, float]:
    """Return the lowest and the highest value of the scale for these values.

    A scale of percentages begins at a multiple of 10, at most 90, and ends at 100. A scale of
    counts begins at 0 and ends at a round number: 300 for 234.
    """
    if percent:
        lowest = int(min(values, default=0) // 10 * 10)
        return min(lowest, 90), 100
    highest_count = int(max(values, default=0))  # counts are whole numbers
    digits = len(str(highest_count))
    step = 10 ** (digits - 1)
    return 0, max(1, ceil(highest_count / step) * step)


def draw_plot_line(line: Line, xs: list[float], gaps: set[int], scale_y: ScaleY) -> str:
    """Draw a line that breaks before the points with an index in `gaps` and at missing values."""
    steps = []
    is_connected = False
    for index, (x, value) in enumerate(zip(xs, line.values, strict=True)):
        if value is None:
            is_connected = False
            continue
        # In an SVG path, L draws a line to the next point, and M moves there without a line.
        command = "L" if is_connected and index not in gaps else "M"
        steps.append(f"{command}{x:.1f} {scale_y(value):.1f}")
        is_connected = True
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    return f'<path class="{line.slug}"{dashes} d="{"".join(steps)}"/>'


def draw_points(
    points: list[Point], lines: list[Line], xs: list[float], scale_y: ScaleY
) -> Iterator[str]:
    """Draw a link for each report. The keyboard skips them: the table has the same links."""
    radius = 3 if len(points) < MANY_POINTS else 1.5
    has_resources = any(point.resource_rate_counts for point in points)
    pattern = (
        _("%(time)s: evaluations %(rate)s, resources %(resource_rate)s, %(count)s failing")
        if has_resources
        else _("%(time)s: %(rate)s, %(count)s failing")
    )
    format_rate_once = cache(format_rate)
    columns = zip(*(line.values for line in lines), strict=True)
    for point, x, values in zip(points, xs, columns, strict=True):
        value = next((value for value in values if value is not None), None)
        if value is None:
            continue
        title = pattern % {
            "time": format_page_time(point.time),
            "rate": format_rate_once(*point.rate_counts),
            "resource_rate": format_rate_once(*(point.resource_rate_counts or (0, 0))),
            "count": format_number(point.failing),
        }
        url = get_page_url("report-detail", point.report)
        yield (
            f'<a href="{url}" tabindex="-1"><title>{escape(title)}</title>'
            f'<circle cx="{x:.1f}" cy="{scale_y(value):.1f}" r="{radius}"/></a>'
        )


def draw_rule_changes(points: list[Point], top: int, bottom: int) -> str:
    """Draw a vertical line at each report whose rules, or their risks, differ from the last one.

    `top` and `bottom` are the y coordinates of the line's ends.
    """
    xs = compute_x_positions(points)
    parts = []
    for index in find_rule_changes(points):
        x, time = xs[index], format_page_time(points[index].time)
        title = escape(_("The pack's rules changed by %(time)s") % {"time": time})
        parts.append(
            f'<g class="rules"><title>{title}</title><path d="M{x:.1f} {top - 8}V{bottom}"/>'
            f'<path class="full" d="M{x:.1f} {top - 14}l4 6-4 6-4-6z"/></g>'
        )
    return "".join(parts)


def draw_date_axis(points: list[Point], y: int) -> str:
    """Draw DATE_TICKS dates at equal distances below a chart that ends at `y`.

    Hours and minutes are added if the chart covers at most three days.
    """
    start, end = points[0].time, points[-1].time
    pattern = "%Y-%m-%d" if end - start > dt.timedelta(days=3) else "%m-%d %H:%M"
    parts = []
    for tick in range(DATE_TICKS):
        share = tick / (DATE_TICKS - 1)
        date = timezone.localtime(start + (end - start) * share)
        x = LEFT + PLOT_WIDTH * share
        parts.append(f'<text class="date" x="{x:.0f}" y="{y + 16}">{date:{pattern}}</text>')
    return "".join(parts)


def format_first_and_last(points: list[Point]) -> dict[str, str]:
    """Return the times of the first and the last report, for the placeholders of a description."""
    return {"first": format_page_time(points[0].time), "last": format_page_time(points[-1].time)}
