"""The packs of the home page, each with its latest report, its current run and its trend.

A run is the generation of a report. A position is the order number of a report in its pack.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.models import Account, Pack, Report
from dashboard.models.accounts import PackQuerySet

TREND_REPORTS = 12  # in a sparkline
PACK_COLUMNS = ("pack_id", "name", "gone_at", "imported", "account__name", "account__uid")
READY_REPORTS = (
    f"{Report._meta.db_table} "
    "WHERE pack_id = starts.pack AND state = 'ready' AND position >= starts.start_position"
)
# SQLite reads only the needed index entries of each pack. PostgreSQL would read all reports;
# LATERAL and LIMIT make it read only the needed ones too.
TREND_SOURCES = {
    "sqlite": f"starts CROSS JOIN {READY_REPORTS}",
    "postgresql": f"starts, LATERAL (SELECT * FROM {READY_REPORTS} "  # noqa: S608  # no input
    f"ORDER BY position DESC LIMIT {TREND_REPORTS}) AS recent",
}


@dataclass(frozen=True)
class PackRow:
    """A pack as a row of the home page."""

    pack: Pack
    # The newest ready report.
    latest: Report | None = None
    # The report that is being generated.
    run: Report | None = None
    # The report whose generation was requested last: ready, failed, cancelled or running.
    last_run: Report | None = None
    # Compliant and failing resources of the newest reports, oldest first.
    trend: list[tuple[int, int]] = field(default_factory=list)

    @property
    def can_generate(self) -> bool:
        return not self.pack.gone_at and not self.pack.imported

    @property
    def has_no_report(self) -> bool:
        return self.latest is None and self.can_generate

    @property
    def has_new_failures(self) -> bool:
        return bool(self.latest and self.latest.came)

    @property
    def last_run_failed(self) -> bool:
        return bool(self.last_run and self.last_run.state == Report.State.FAILED)

    @property
    def state_text(self) -> str:
        """The state of the run under way, or how the last one ended."""
        report = self.run or self.last_run
        return report.get_state_display() if report else ""

    @property
    def sort_key(self) -> tuple[int, ...]:
        """The key that sorts the worst packs first.

        First packs with failures (most failures of high risk first), then packs without a report,
        then compliant packs, then packs that no longer exist in the cloud.
        """
        if self.pack.gone_at:
            return (3,)
        if not self.latest:
            return (1,)
        report = self.latest
        counts = (report.failing_high, report.failing_medium, report.failing_low, report.failing)
        # Negative counts, so that more failures come first.
        return (0 if report.failing else 2, *(-count for count in counts))


# The values that add_report_ids annotates a pack with, in this order.
get_annotations: Callable[[Pack], tuple[int | None, ...]] = attrgetter(
    "latest_id", "run_id", "last_run_id", "trend_start"
)

# The groups that the cards of the home page count and filter by, under their name in the URL.
PACK_GROUPS: dict[str, Callable[[PackRow], bool]] = {
    "new": lambda row: row.has_new_failures,
    "never": lambda row: row.has_no_report,
    "failed": lambda row: row.last_run_failed,
}


@dataclass(frozen=True)
class GroupCard:
    """The number of packs in a group of PACK_GROUPS.

    A number above zero is shown in the colour of `status`, the slug of a status.
    """

    group: str
    label: str | Promise
    status: str
    count: int


def select_group(rows: Iterable[PackRow], group: str) -> list[PackRow]:
    """Return the rows in a group, which is a key of PACK_GROUPS; all rows if it is empty."""
    return [row for row in rows if not group or PACK_GROUPS[group](row)]


def count_groups(rows: list[PackRow]) -> list[GroupCard]:
    """Return a card for each group, with the number of these rows that are in the group."""
    labels = (
        ("new", _("Packs with new failures"), "failing"),
        ("never", _("No report yet"), ""),
        ("failed", _("Last generation failed"), "insufficient-data"),
    )
    return [
        GroupCard(group, label, status, len(select_group(rows, group)))
        for group, label, status in labels
    ]


def load_pack_rows(packs: PackQuerySet) -> list[PackRow]:
    """Return the rows of these packs, worst first, with three queries for any number of packs."""
    annotations = {pack: get_annotations(pack) for pack in add_report_ids(packs)}
    report_ids = {report_id for *ids, _start in annotations.values() for report_id in ids}
    reports = Report.objects.with_overview_fields().in_bulk(report_ids - {None})
    start_positions = {
        pack.pk: start or 0 for pack, (latest_id, *_ids, start) in annotations.items() if latest_id
    }
    trends = load_trends(start_positions)
    rows = []
    for pack, (*ids, _start) in annotations.items():
        latest, run, last_run = (reports.get(report_id or 0) for report_id in ids)
        rows.append(PackRow(pack, latest, run, last_run, trends[pack.pk]))
    return sorted(rows, key=lambda row: (row.sort_key, row.pack.name, row.pack.pk))


def add_report_ids(packs: PackQuerySet) -> PackQuerySet:
    """Annotate each pack with the ids of its latest report, its current run and its last run.

    `trend_start` is the position of the oldest report in the sparkline; 0 if the pack has fewer
    than TREND_REPORTS ready reports.
    """
    reports = Report.objects.filter(pack=OuterRef("pk"))
    ready = reports.ready().order_by("-position")
    generated = reports.filter(source=Report.Source.GENERATED)
    return (
        packs.order_by()
        .annotate(
            latest_id=Subquery(ready.values("pk")[:1]),
            run_id=Subquery(generated.under_way().values("pk")[:1]),
            last_run_id=Subquery(generated.newest_first().values("pk")[:1]),
            trend_start=Coalesce(
                Subquery(ready.values("position")[TREND_REPORTS - 1 : TREND_REPORTS]), 0
            ),
        )
        .select_related("account")
        .only(*PACK_COLUMNS)
    )


def load_trends(start_positions: dict[int, int]) -> dict[int, list[tuple[int, int]]]:
    """Return compliant and failing resources of the packs' ready reports, oldest first.

    A report whose resource rate is missing has none of both.
    Each pack's reports are read from its start position on. Written in SQL so that the database
    reads only these few index entries of each pack.
    """
    trends: dict[int, list[tuple[int, int]]] = defaultdict(list)
    if not start_positions:
        return trends
    values = ", ".join(["(%s, %s)"] * len(start_positions))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH starts (pack, start_position) AS (VALUES {values}) "  # noqa: S608  # no input
            "SELECT pack, COALESCE(resources_compliant, 0), COALESCE(resources_failing, 0) "
            f"FROM {TREND_SOURCES[connection.vendor]} ORDER BY pack, position",
            list(chain.from_iterable(start_positions.items())),
        )
        for pack, compliant, failing in cursor:
            trends[pack].append((compliant, failing))
    return trends


def group_by_account(rows: Iterable[PackRow]) -> dict[Account, list[PackRow]]:
    """Return the rows by account, in the order in which the accounts first occur in the rows."""
    groups: dict[Account, list[PackRow]] = defaultdict(list)
    for row in rows:
        groups[row.pack.account].append(row)
    return dict(groups)


def poll_delay(reports: Iterable[Report]) -> int:
    """Return the seconds between two polls of these reports: a tenth of the newest one's age.

    The result is at least 2 and at most 15.
    """
    ages = [(timezone.now() - report.requested_at).total_seconds() for report in reports]
    return min(15, max(2, int(min(ages, default=0) / 10)))
