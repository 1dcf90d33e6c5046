"""What home shows: accounts, and packs as rows, read from the summaries of the packs.

Where there are many packs, an account is one line that opens to its packs. A run is the generation
of a report.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.paginator import Page
from django.db.models import F, Q
from django.db.models.lookups import IsNull
from django.utils import timezone

from dashboard.models import Pack, PackSummary, Report
from dashboard.models.pack_summaries import PackSummaryQuerySet
from dashboard.models.reports import OVERVIEW_FIELDS
from dashboard.queries.account_lines import (
    AccountLine,
    Totals,
    add_trends,
    load_account_lines,
    load_totals,
)
from dashboard.queries.home_filter import HomeFilter
from dashboard.queries.paging import CountedRows, paginate

# Up to so many packs all rows are shown; beyond that, an account is one line.
OPEN_PACKS = 30
ACCOUNTS_PER_PAGE = 15
PACKS_PER_PAGE = 50  # of an opened account
RUN_FIELDS = ("state", "requested_at")
PACK_FIELDS = ("name", "gone_at", "imported", "archived_at", "archived_by__username")


@dataclass(frozen=True)
class PackRow:
    """A pack as a row of home."""

    summary: PackSummary

    @property
    def pack(self) -> Pack:
        return self.summary.pack

    @property
    def latest(self) -> Report | None:
        """The newest ready report."""
        return self.summary.latest

    @property
    def last_run(self) -> Report | None:
        """The report whose generation was requested last: ready, failed, cancelled or running."""
        return self.summary.last_run

    @property
    def run(self) -> Report | None:
        """The report that is being generated."""
        run = self.last_run
        return run if run and run.under_way else None

    @property
    def trend(self) -> list[tuple[int, int]]:
        """Compliant and failing resources of the newest reports, oldest first."""
        return [(compliant, failing) for compliant, failing in self.summary.trend]

    @property
    def can_generate(self) -> bool:
        return not self.pack.gone_at and not self.pack.imported

    @property
    def last_run_failed(self) -> bool:
        return self.summary.last_run_state == PackSummary.LastRunState.FAILED

    @property
    def state_text(self) -> str:
        """The state of the run under way, or how the last one ended."""
        return self.last_run.get_state_display() if self.last_run else ""


@dataclass
class AccountGroup:
    """An account and, if it is open, the rows of its packs.

    `page` is the page of its packs, where they are more than one page may have.
    """

    line: AccountLine
    is_open: bool = False
    rows: list[PackRow] = field(default_factory=list)
    page: "Page[Any] | None" = None


@dataclass(frozen=True)
class Overview:
    """The accounts that a page of home shows, and the sums over all packs of the filter.

    `has_lines` is true if an account is one line, because there are many packs.
    """

    totals: Totals
    page: "Page[AccountLine]"
    groups: list[AccountGroup]
    has_lines: bool

    @property
    def rows(self) -> list[PackRow]:
        """All rows of the page."""
        return [row for group in self.groups for row in group.rows]


def load_overview(home_filter: HomeFilter) -> Overview:
    """Return the page of home that the filter asks for, or the one with the opened account."""
    summaries = home_filter.select_summaries()
    totals = load_totals(summaries)
    has_lines = totals.packs > OPEN_PACKS
    page = paginate_lines(summaries, totals.accounts, home_filter)
    groups = [AccountGroup(line) for line in page]
    if not has_lines:
        rows = group_by_account(build_rows(select_rows(summaries)))
        for group in groups:
            group.rows = rows[group.line.id]
    else:
        add_trends(page, summaries)
        for group in groups:
            if group.line.id == home_filter.open:
                open_group(group, home_filter)
    return Overview(totals, page, groups, has_lines)


def paginate_lines(
    summaries: PackSummaryQuerySet, accounts: int, home_filter: HomeFilter
) -> "Page[AccountLine]":
    """Return the page of lines with the opened account; without one, that of the filter."""
    if not home_filter.open:
        lines = CountedRows(accounts, partial(load_account_lines, summaries))
        return paginate(lines, home_filter.page, ACCOUNTS_PER_PAGE)
    all_lines = load_account_lines(summaries)
    number = find_page_number(all_lines, home_filter)
    return paginate(all_lines, number, ACCOUNTS_PER_PAGE)


def find_page_number(lines: list[AccountLine], home_filter: HomeFilter) -> int:
    """Return the number of the page with the opened account; without one, that of the filter."""
    account_ids = [line.id for line in lines]
    if home_filter.open in account_ids:
        return account_ids.index(home_filter.open) // ACCOUNTS_PER_PAGE + 1
    return home_filter.page


def load_account_group(
    home_filter: HomeFilter, account_id: int, *, is_open: bool
) -> AccountGroup | None:
    """Return the line of an account and, opened, its packs; None if no pack matches the filter."""
    summaries = home_filter.select_summaries().filter(account=account_id)
    lines = load_account_lines(summaries)
    add_trends(lines, summaries)
    if not lines:
        return None
    group = AccountGroup(lines[0])
    if is_open:
        open_group(group, home_filter)
    return group


def open_group(group: AccountGroup, home_filter: HomeFilter) -> None:
    """Load the page of the account's packs that the filter asks for."""
    summaries = select_rows(home_filter.select_summaries().filter(account=group.line.id))
    rows = CountedRows(group.line.packs, lambda start, stop: build_rows(summaries[start:stop]))
    page = paginate(rows, home_filter.packs, PACKS_PER_PAGE)
    group.is_open = True
    group.rows = list(page)
    group.page = page if page.has_other_pages() else None


def select_rows(summaries: PackSummaryQuerySet) -> PackSummaryQuerySet:
    """Return the summaries with all that their rows show, worst first.

    First packs with failures (most failures of high risk first), then packs without a report,
    then compliant packs, then packs that no longer exist in the cloud.
    """
    related_fields = [f"latest__{name}" for name in OVERVIEW_FIELDS]
    related_fields += [f"last_run__{name}" for name in RUN_FIELDS]
    related_fields += [f"pack__{name}" for name in PACK_FIELDS]
    return (
        summaries.select_related("pack__archived_by", "latest", "last_run")
        .only("account", "trend", "last_run_state", *related_fields)
        .order_by(
            "gone",
            "-failing_high",
            "-failing_medium",
            "-failing_low",
            "-failing",
            IsNull(F("latest"), True).desc(),
            "pack__name",
            "pack",
        )
    )


def load_polled_rows(report_ids: list[int], account_ids: list[int]) -> list[PackRow]:
    """Return the rows of the packs of these reports, and of all runs under way in the accounts.

    The rows of the runs under way among these reports have only what their state shows.
    """
    is_under_way = Q(last_run_state=PackSummary.LastRunState.UNDER_WAY, account__in=account_ids)
    summaries = PackSummary.objects.filter(Q(last_run__in=report_ids) | is_under_way)
    run_fields = [f"last_run__{name}" for name in RUN_FIELDS]
    related = summaries.select_related("pack", "last_run").only("pack__name", *run_fields)
    rows = build_rows(related)
    running_rows = [row for row in rows if row.run and row.run.pk in report_ids]
    running_packs = {row.pack.pk for row in running_rows}
    if len(rows) == len(running_rows) == len(set(report_ids)):
        return running_rows
    # Runs that have started or ended; of a pack with a newer run, the polled one has ended.
    changed_packs = {row.pack.pk for row in rows} - running_packs
    packs_of_reports = Report.objects.filter(pk__in=report_ids).values("pack")
    changed = PackSummary.objects.filter(Q(pk__in=changed_packs) | Q(pk__in=packs_of_reports))
    return running_rows + build_rows(select_rows(changed.exclude(pk__in=running_packs)))


def build_rows(summaries: Iterable[PackSummary]) -> list[PackRow]:
    return [PackRow(summary) for summary in summaries]


def group_by_account(rows: Iterable[PackRow]) -> dict[int, list[PackRow]]:
    """Return the rows by the id of their account."""
    groups: dict[int, list[PackRow]] = defaultdict(list)
    for row in rows:
        groups[row.summary.account_id].append(row)
    return groups


def poll_delay(reports: Iterable[Report]) -> int:
    """Return the seconds between two polls of these reports (see compute_poll_seconds)."""
    return compute_poll_seconds(report.requested_at for report in reports)


def compute_poll_seconds(started_at: Iterable[dt.datetime]) -> int:
    """Return the seconds between two polls of what started at these times.

    The result is a tenth of the newest one's age, at least 2 and at most 15.
    """
    ages = [(timezone.now() - moment).total_seconds() for moment in started_at]
    return min(15, max(2, int(min(ages, default=0) / 10)))
