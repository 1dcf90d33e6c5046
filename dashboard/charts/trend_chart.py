"""Trends as SVG: a pack's rate and failing evaluations, a rule's failing resources.

A chart is empty for fewer than two reports. A long history is drawn in part.
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
from dashboard.queries.trend import Point, find_rule_changes

TIME_SLICES = 96  # of a long history, of each of which one report is drawn
MAX_RULE_CHANGES = 20  # drawn in addition to the slices


def draw_pack_trend(points: list[Point]) -> SafeString:
    """Draw a pack's evaluation rate above its failing evaluations by risk."""
    if len(points) < 2:
        return SafeString()
    rate = Line(_("Evaluation rate"), "rate", [point.rate for point in points])
    risks = [
        Line(_("High"), "high", [point.high for point in points]),
        Line(_("Medium"), "medium", [point.medium for point in points], dashes="7 4"),
        Line(_("Low"), "low", [point.low for point in points], dashes="2 4"),
    ]
    panels = [
        draw_panel(points, [rate], top=24, height=110, percent=True),
        draw_panel(points, risks, top=176, height=80, percent=False),
        draw_rule_changes(points, top=24, bottom=256),
    ]
    description = _("Evaluation rate and failing resources by risk, from %(first)s to %(last)s")
    svg = draw_svg(points, panels, 288, description % format_first_and_last(points))
    return mark_safe(svg)  # noqa: S308  # numbers, and text that plot escapes


def draw_rule_trend(points: list[Point]) -> SafeString:
    """Draw the number of resources that a rule fails."""
    if len(points) < 2:
        return SafeString()
    failing = Line(_("Failing"), "high", [point.failing for point in points])
    panel = draw_panel(points, [failing], top=24, height=130, percent=False)
    description = _("Failing resources from %(first)s to %(last)s")
    svg = draw_svg(points, [panel], 190, description % format_first_and_last(points))
    return mark_safe(svg)  # noqa: S308  # numbers, and text that plot escapes


def thin_points(points: list[Point]) -> list[Point]:
    """Return the points that are drawn of a long history.

    They are the first point, the last one of each time slice, those with the lowest and highest
    values, and the newest changes of the rules.
    """
    if len(points) <= TIME_SLICES + MAX_RULE_CHANGES:
        return points
    start = points[0].time
    slice_length = (points[-1].time - start) / TIME_SLICES or dt.timedelta(days=1)
    last_of_slice = {
        int((point.time - start) / slice_length): index for index, point in enumerate(points)
    }
    rule_changes = find_rule_changes(points)[-MAX_RULE_CHANGES:]
    indexes = {0, *last_of_slice.values(), *find_extremes(points), *rule_changes}
    return [points[index] for index in sorted(indexes)]


def find_extremes(points: list[Point]) -> set[int]:
    """Return the indexes of the points with the fewest and most failures and of extreme rates."""
    by_failing = sorted(range(len(points)), key=lambda index: points[index].failing)
    by_rate = sorted(
        (index for index, point in enumerate(points) if point.rate is not None),
        key=lambda index: points[index].rate or 0,
    )
    return {*by_failing[:1], *by_failing[-1:], *by_rate[:1], *by_rate[-1:]}
