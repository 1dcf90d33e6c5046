"""The history of a resource: every status that each rule gave it, over all packs and accounts.

An Evaluation is stored as a span: one database row for all consecutive reports of a pack in which
the evaluation is the same, from position `first` up to, but without, position `until`. A position
is the order number of a report in its pack.
"""

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass, field

from dashboard.models import Evaluation, Pack, Report, Risk, Rule, Status
from dashboard.models.evaluations import FOREVER, position_time
from dashboard.queries.first_seen import FirstSeen, build_first_seen

MAX_SPANS = 5_000  # of one resource


@dataclass(frozen=True)
class StatusPeriod:
    """The reports in which a rule gave a resource one status."""

    evaluation: Evaluation
    start: dt.datetime
    # The first report after the period; None while the status still stands.
    end: dt.datetime | None
    # The first report with the status, which may be before the period if only its reason is new.
    first_seen: FirstSeen
    # The last report of the period; None while the status still stands.
    last_seen: dt.datetime | None
    # The report in which the period starts.
    report: int | None

    @property
    def status(self) -> Status:
        return Status(self.evaluation.status)


@dataclass
class Timeline:
    """The statuses that one rule gave one resource, oldest first."""

    pack: Pack
    rule: Rule
    periods: list[StatusPeriod] = field(default_factory=list)

    @property
    def last(self) -> StatusPeriod:
        return self.periods[-1]

    @property
    def risk(self) -> Risk:
        return Risk(self.last.evaluation.risk)

    @property
    def is_failing(self) -> bool:
        """Whether the rule fails the resource now; rules of archived or gone packs do not."""
        is_current = self.last.end is None and self.pack.is_active
        return is_current and self.last.status is Status.NON_COMPLIANT

    @property
    def newest_first(self) -> list[StatusPeriod]:
        return self.periods[::-1]

    @property
    def sort_key(self) -> tuple[object, ...]:
        """The key that sorts by status, risk, pack and rule.

        Rules that no longer judge the resource come last, as do those of packs that are archived
        or gone.
        """
        has_ended = self.last.end is not None or not self.pack.is_active
        names = (self.pack.name, self.rule.name, self.rule.pk)
        return (has_ended, self.last.status, self.risk, *names)


def load_timelines(resource_number: int) -> list[Timeline]:
    """Return the timelines of a resource, failing ones first; empty if no rule judged it."""
    spans = load_resource_spans(resource_number)
    report_ids = find_first_reports(spans)
    positions = load_positions_by_pack({span.pack_id for span in spans})
    timelines: dict[tuple[int, int, int], Timeline] = {}
    for span in spans:
        timeline = timelines.setdefault(
            (span.pack_id, span.rule_id, span.key), Timeline(span.pack, span.rule)
        )
        end = None if span.until == FOREVER else position_time(span.until)
        report_id = report_ids.get((span.pack_id, span.first))
        pack_positions = positions.get(span.pack_id, [])
        period = StatusPeriod(
            span,
            position_time(span.first),
            end,
            build_first_seen(span.since, pack_positions[0] if pack_positions else None),
            find_last_time(pack_positions, span.until) if end else None,
            report_id,
        )
        timeline.periods.append(period)
    return sorted(timelines.values(), key=lambda timeline: timeline.sort_key)


def load_positions_by_pack(pack_ids: set[int]) -> dict[int, list[int]]:
    """Return the positions of the ready reports of some packs, in order."""
    reports = Report.objects.ready().filter(pack__in=pack_ids).order_by("pack", "position")
    positions: dict[int, list[int]] = {}
    for pack_id, position in reports.values_list("pack_id", "position"):
        positions.setdefault(pack_id, []).append(position or 0)
    return positions


def find_last_time(positions: list[int], end: int) -> dt.datetime | None:
    """Return the evidence time of the last of the positions before `end`."""
    index = bisect_left(positions, end)
    return position_time(positions[index - 1]) if index else None


def load_resource_spans(resource_number: int) -> list[Evaluation]:
    """Return the spans of a resource in all packs, oldest first for each rule."""
    # The index of spans begins with the pack: naming all packs lets the database use it.
    all_packs = Pack.objects.order_by().values("pk")
    spans = (
        Evaluation.objects.filter(pack__in=all_packs, resource=resource_number)
        .select_related("pack__account", "rule")
        .defer("search_text", "pack__account__secret_encrypted")
        .order_by("pack", "rule", "key", "first")
    )
    return list(spans[:MAX_SPANS])


def find_first_reports(spans: list[Evaluation]) -> dict[tuple[int, int], int]:
    """Return the ids of the reports in which the spans start, by (pack id, position)."""
    reports = Report.objects.ready().filter(
        pack__in={span.pack_id for span in spans}, position__in={span.first for span in spans}
    )
    return {
        (report.pack_id, report.position or 0): report.pk
        for report in reports.only("pack", "position")
    }
