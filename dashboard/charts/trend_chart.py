"""Draw the trend of a pack (rate and failing evaluations) or of a rule (failing resources).

A chart is SVG text; with fewer than two reports it is empty. Of a long history, only some points
are drawn.
"""

import datetime as dt

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dashboard.charts.plot import (
    Line,
    draw_panel,
    draw_rule_changes,
    draw_svg,
    format_first_and_last,
)
from dashboard.models import Risk
from dashboard.queries.trend import Point, find_rule_changes

TIME_SLICES = 96  # a long history is cut into slices; one report of each slice is drawn
MAX_RULE_CHANGES = 20  # reports with changed rules that are drawn in addition


def draw_pack_trend(points: list[Point]) -> SafeString:
    """Draw a pack's evaluation rate and resource rate above its failing evaluations by risk."""
    if len(points) < 2:
        return SafeString()
    rates = [
        Line(_("Evaluation rate"), "rate", [point.rate for point in points]),
        Line(_("Resource rate"), "resource-rate", [p.resource_rate for p in points], dashes="7 4"),
    ]
    panels = [
        draw_panel(points, rates, top=24, height=110, percent=True),
        draw_panel(points, build_risk_lines(points), top=176, height=80, percent=False),
        draw_rule_changes(points, top=24, bottom=256),
    ]
    description = _(
        "Evaluation rate, resource rate and failing evaluations by risk, from %(first)s to %(last)s"
    )
    svg = draw_svg(points, panels, 288, description % format_first_and_last(points))
    return mark_safe(svg)  # noqa: S308  # numbers, and text that plot escapes


def build_risk_lines(points: list[Point]) -> list[Line]:
    """Return a line of the failing evaluations of each risk, and one of those without a risk.

    Where a file states no risk level at all, the lines of the risks have a gap, not a zero.
    """
    known = [None if point.failing == point.without_risk > 0 else point for point in points]
    lines = [
        Line(_("High"), "high", [point and point.high for point in known]),
        Line(_("Medium"), "medium", [point and point.medium for point in known], dashes="7 4"),
        Line(_("Low"), "low", [point and point.low for point in known], dashes="2 4"),
    ]
    if any(point.without_risk for point in points):
        values = [point.without_risk or None for point in points]
        lines.append(Line(str(Risk.NOT_STATED.label), "without-risk", values, dashes="7 2 2 2"))
    return lines


def draw_rule_trend(points: list[Point]) -> SafeString:
    """Draw the number of resources that fail a rule, in each report.

    The result is empty for fewer than two points.
    """
    if len(points) < 2:
        return SafeString()
    failing_line = Line(name=_("Failing"), slug="high", values=[point.failing for point in points])
    panel = draw_panel(points, [failing_line], top=24, height=130, percent=False)
    description = _("Failing resources from %(first)s to %(last)s")
    svg = draw_svg(
        points, [panel], height=190, description=description % format_first_and_last(points)
    )
    return mark_safe(svg)  # noqa: S308  # numbers, and text that plot escapes


def thin_points(points: list[Point]) -> list[Point]:
    """Return the points of a long history that are drawn; all points of a short history.

    They are the first point, the last point of each time slice, the points with the lowest and
    highest values, and the newest points at which the rules changed.
    """
    if len(points) <= TIME_SLICES + MAX_RULE_CHANGES:
        return points
    start = points[0].time
    slice_length = (points[-1].time - start) / TIME_SLICES or dt.timedelta(days=1)
    # Later points overwrite earlier points of the same slice, so the last one remains.
    last_of_slice = {
        int((point.time - start) / slice_length): index for index, point in enumerate(points)
    }
    rule_changes = find_rule_changes(points)[-MAX_RULE_CHANGES:]
    indexes = {0, *last_of_slice.values(), *find_extremes(points), *rule_changes}
    return [points[index] for index in sorted(indexes)]


def find_extremes(points: list[Point]) -> set[int]:
    """Return the indexes of the points with the lowest and highest failing counts and rates."""
    by_failing = sorted(range(len(points)), key=lambda index: points[index].failing)
    by_rate = sorted(
        (index for index, point in enumerate(points) if point.rate is not None),
        key=lambda index: points[index].rate or 0,
    )
    by_resource_rate = sorted(
        (index for index, point in enumerate(points) if point.resource_rate is not None),
        key=lambda index: points[index].resource_rate or 0,
    )
    orders = (by_failing, by_rate, by_resource_rate)
    return {index for order in orders for index in (*order[:1], *order[-1:])}
