"""A resource in time: what every rule said of it, over all packs and accounts."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dashboard.models import Evaluation, Pack, Report, Risk, Rule, Status
from dashboard.models.evaluations import FOREVER, position_time
from dashboard.text.formatting import format_time

AT_MOST = 5_000  # spans of one resource
WIDTH, HEIGHT = 400, 14  # of a bar
Across = Callable[[dt.datetime], float]


@dataclass(frozen=True)
class StatusPeriod:
    """What a rule said from one report up to another; `end` is None while it still stands."""

    evaluation: Evaluation
    start: dt.datetime
    end: dt.datetime | None
    report: int | None

    @property
    def status(self) -> Status:
        return Status(self.evaluation.status)


@dataclass
class Timeline:
    """One rule's stretches, oldest first."""

    pack: Pack
    rule: Rule
    stretches: list[StatusPeriod] = field(default_factory=list)
    bar: SafeString = field(default_factory=SafeString)

    @property
    def last(self) -> StatusPeriod:
        return self.stretches[-1]

    @property
    def risk(self) -> Risk:
        return Risk(self.last.evaluation.risk)

    @property
    def newest_first(self) -> list[StatusPeriod]:
        return self.stretches[::-1]


def load_timelines(number: int) -> list[Timeline]:
    """The timelines of a resource: failing ones first, then by risk, pack and rule; empty where nobody judged it."""
    everywhere = Evaluation.objects.filter(
        pack__in=Pack.objects.order_by().values("pk")
    )  # as the index wants it
    spans = everywhere.filter(resource=number).select_related("pack__account", "rule")
    spans = spans.defer("search_text", "pack__account__secret_encrypted").order_by(
        "pack", "rule", "key", "first"
    )
    found = list(spans[:AT_MOST])
    reports = find_reports_at(found)
    lines: dict[tuple[int, int, int], Timeline] = {}
    for span in found:
        line = lines.setdefault(
            (span.pack_id, span.rule_id, span.key), Timeline(span.pack, span.rule)
        )
        end = None if span.until == FOREVER else position_time(span.until)
        line.stretches.append(
            StatusPeriod(
                span, position_time(span.first), end, reports.get((span.pack_id, span.first))
            )
        )
    timelines = sorted(lines.values(), key=sort_key)
    draw_bars(timelines)
    return timelines


def sort_key(line: Timeline) -> tuple[object, ...]:
    gone = line.last.end is not None
    return (gone, line.last.status, line.risk or 9, line.pack.name, line.rule.name, line.rule.pk)


def find_reports_at(spans: list[Evaluation]) -> dict[tuple[int, int], int]:
    """The reports in which the spans began."""
    wanted = Report.objects.ready().filter(
        pack__in={span.pack_id for span in spans}, position__in={span.first for span in spans}
    )
    return {
        (report.pack_id, report.position or 0): report.pk
        for report in wanted.only("pack", "position")
    }


def draw_bars(lines: list[Timeline]) -> None:
    """Gives each line its bar, all on one scale, so that one below the other they tell what happened together."""
    starts = [stretch.start for line in lines for stretch in line.stretches]
    if not starts:
        return
    start, now = min(starts), timezone.now()
    span = (now - start).total_seconds() or 1

    def across(moment: dt.datetime) -> float:
        return WIDTH * (moment - start).total_seconds() / span

    for line in lines:
        line.bar = mark_safe("".join(draw_bar(line, across, now)))  # noqa: S308  # numbers, times and escaped words


def draw_bar(line: Timeline, across: Across, now: dt.datetime) -> Iterator[str]:
    """A block for each stretch: what fails stands full height, what is compliant low, so that no colour is needed."""
    said = _(", ").join(
        f"{one.status.label} {format_time(one.start)}" for one in line.stretches[-6:]
    )
    yield (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(line.rule.name)}: {escape(said)}">'
    )
    for one in line.stretches:
        x, end = across(one.start), across(one.end or now)
        low = (
            0 if one.status is Status.NON_COMPLIANT else 8 if one.status is Status.COMPLIANT else 4
        )
        yield (
            f'<rect data-status="{one.status.slug}" x="{x:.1f}" y="{low}" width="{max(1, end - x):.1f}" '
            f'height="{HEIGHT - low}"><title>{escape(one.status.label)} {format_time(one.start)}</title></rect>'
        )
    yield "</svg>"
