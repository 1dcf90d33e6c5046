"""Trends: the drawing of a pack's or a rule's reports, and the same numbers in a table below it.

A long history is drawn in part, and its table has pages.
"""

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dashboard.charts.plot import (
    DAY,
    Line,
    Point,
    draw_panel,
    draw_rule_changes,
    draw_svg,
    find_gaps,
    find_rule_changes,
    first_and_last_time,
)
from dashboard.models import Pack, Report, Rule, RuleResult
from dashboard.models.evaluations import position_time
from dashboard.models.reports import ReportQuerySet
from dashboard.text.formatting import format_number, format_rate, format_time

FEW = 104  # reports on the pack's page: two years of weekly ones
SLICES = 96  # of the time, in each of which one report is drawn where there are more than that
MARKED = 20  # changes of the rules that are drawn whatever their slice
ROWS = 60  # of the table, on the pack's page and on one of its own
BY_RISK = ("failing_high", "failing_medium", "failing_low")


def draw_pack_trend(pack: Pack) -> SafeString:
    """The trend of a pack's newest reports and their table; empty while there are fewer than two."""
    points = load_points(list_ready_reports(pack)[: FEW + 1])
    return mark_safe(draw_newest(pack, points) if len(points) > 1 else "")  # noqa: S308  # numbers, times, escaped words


def draw_full_trend(pack: Pack) -> SafeString:
    """The trend of all reports of a pack."""
    points = load_points(list_ready_reports(pack))
    return mark_safe(draw_all(points) if len(points) > 1 else "")  # noqa: S308  # as above


def draw_trend_table(pack: Pack, start: int) -> SafeString:
    """A page of the table of all reports, newest first, which begins after so many."""
    points = load_points(list_ready_reports(pack)[start : start + ROWS + 1])
    # One more is read than shown, for it tells what changed.
    return mark_safe(build_table(points, max(0, len(points) - ROWS)))  # noqa: S308  # numbers, times, escaped words


def list_ready_reports(pack: Pack) -> ReportQuerySet:
    return Report.objects.ready().filter(pack=pack).order_by("-position")


def load_points(reports: ReportQuerySet) -> list[Point]:
    """The reports, given newest first, oldest first."""
    fields = (
        "pk",
        "position",
        "rated_compliant",
        "failing",
        *BY_RISK,
        "rules_hash",
        "rated_failing",
    )
    rows = reports.values_list(*fields)
    return [Point(pk, position_time(position or 0), *counts) for pk, position, *counts in rows][
        ::-1
    ]


def draw_newest(pack: Pack, points: list[Point]) -> str:
    """The drawing of the newest reports, and the table: whole, or a way to it that htmx shortens."""
    if len(points) <= ROWS:
        return draw_rate_and_risks(points) + wrap_in_details(
            f'<div class="region">{build_table(points)}</div>'
        )
    shown = points[-FEW:]
    words = _("The newest %(few)s reports are drawn. Show all") % {"few": len(shown)}
    way = f'<p class="region"><a href="/packs/{pack.pk}/trend/">{escape(words)}</a></p>'
    load = f' data-hx-get="/packs/{pack.pk}/trend/" data-hx-trigger="toggle once" data-hx-target="find .region"'
    more = way.replace(' class="region"', "") if len(points) > len(shown) else ""
    return draw_rate_and_risks(shown) + wrap_in_details(way, load) + more


def wrap_in_details(inside: str, load: str = "") -> str:
    title = _("Show as a table")  # xgettext does not look into f-strings
    return f'<details class="numbers"{load}><summary>{escape(title)}</summary>{inside}</details>'


def draw_all(points: list[Point]) -> str:
    """The drawing of all reports, or of some of them, which it says."""
    some = thin_points(points)
    if len(some) == len(points):
        return draw_rate_and_risks(points)
    words = _("%(some)s of %(count)s reports are drawn; the table has them all.")
    told = words % {"some": len(some), "count": format_number(len(points))}
    return f'{draw_rate_and_risks(some)}<p class="soft small">{escape(told)}</p>'


def thin_points(points: list[Point]) -> list[Point]:
    """The last report of each slice of the time, the first, the extremes, and the newest changes of the rules."""
    if len(points) <= SLICES + MARKED:
        return points
    start, wide = points[0].at, (points[-1].at - points[0].at) / SLICES or DAY
    kept = {int((point.at - start) / wide): index for index, point in enumerate(points)}.values()
    ordered = range(len(points))
    rated = [index for index in ordered if points[index].rate is not None] or [0]
    extremes = [most(ordered, key=lambda index: points[index].failing) for most in (min, max)]
    extremes += [most(rated, key=lambda index: points[index].rate or 0) for most in (min, max)]
    return [
        points[index]
        for index in sorted({0, *kept, *extremes, *find_rule_changes(points)[-MARKED:]})
    ]


def draw_rule_trend(rule: Rule) -> tuple[SafeString, list[Point]]:
    """A rule's failing resources in time, and the points."""
    results = RuleResult.objects.filter(rule=rule, report__state=Report.State.READY).order_by(
        "report__position"
    )
    fields = ("report", "report__created_at", "compliant", "failing")
    points = [Point(*row) for row in results.values_list(*fields)]
    if len(points) < 2:
        return mark_safe(""), points
    failing = Line(_("Failing"), "high", [point.failing for point in points])
    words = _("Failing resources from %(first)s to %(last)s") % first_and_last_time(points)
    drawn = draw_svg(
        points, [draw_panel(points, [failing], top=24, height=130, percent=False)], 190, words
    )
    return mark_safe(drawn), points  # noqa: S308  # as above


def draw_rate_and_risks(points: list[Point]) -> str:
    """The drawing of a pack: its rate above, what fails by risk below."""
    rates = Line(_("Evaluation rate"), "rate", [point.rate for point in points])
    risks = [
        Line(_("High"), "high", [point.high for point in points]),
        Line(_("Medium"), "medium", [point.medium for point in points], "7 4"),
        Line(_("Low"), "low", [point.low for point in points], "2 4"),
    ]
    panels = [
        draw_panel(points, [rates], top=24, height=110, percent=True),
        draw_panel(points, risks, top=176, height=80, percent=False),
        draw_rule_changes(points, 24, 256),
    ]
    words = _(
        "Evaluation rate and failing resources by risk, from %(first)s to %(last)s"
    ) % first_and_last_time(points)
    return draw_svg(points, panels, 288, words)


def build_table(points: list[Point], unseen: int = 0) -> str:
    """The same numbers, newest first, but for so many of the oldest."""
    heads = (
        _("Report created"),
        _("Evaluation rate"),
        _("Failing"),
        _("High"),
        _("Medium"),
        _("Low"),
        _("Rules"),
    )
    changed = set(find_rule_changes(points))
    gap = find_gaps(points) if len(points) > 1 else set()
    comma, caption = _(", "), _("Trend, newest first")
    rows = []
    for index in range(len(points) - 1, unseen - 1, -1):
        point = points[index]
        words = [_("changed")] if index in changed else []
        words += [_("after a gap")] if index in gap else []
        cells = (
            format_rate(*point.rated),
            *map(format_number, (point.failing, point.high, point.medium, point.low)),
        )
        rows.append(
            f'<tr><th scope="row"><a href="/reports/{point.report}/">{format_time(point.at)}</a></th>'
            + "".join(f'<td class="number">{cell}</td>' for cell in cells)
            + f"<td>{escape(comma.join(words))}</td></tr>"
        )
    head = "".join(
        f'<th scope="col"{" class=number" if 0 < place < 6 else ""}>{escape(word)}</th>'
        for place, word in enumerate(heads)
    )
    return (
        f'<table><caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
