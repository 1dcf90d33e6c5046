"""What home shows: accounts, and packs as rows, read from the summaries of the packs.

Where there are many packs, an account is one line that opens to its packs. A run is the generation
of a report.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page
from django.db.models import F, Prefetch
from django.db.models.lookups import IsNull

from dashboard.models import Pack, PackSummary, Report
from dashboard.models.pack_summaries import PackSummaryQuerySet
from dashboard.models.reports import OVERVIEW_FIELDS
from dashboard.queries.account_lines import (
    AccountLine,
    Totals,
    add_trends,
    load_account_lines,
    load_lines_with_trends,
    load_totals,
)
from dashboard.queries.home_filter import HomeFilter
from dashboard.queries.paging import CountedRows, paginate

# Up to so many packs all rows are shown; beyond that, an account is one line.
OPEN_PACKS = 30
ACCOUNTS_PER_PAGE = 15
PACKS_PER_PAGE = 50  # of an opened account
RUN_FIELDS = ("state", "requested_at")
PACK_FIELDS = ("name", "gone_at", "imported", "archived_at", "archived_by")
# How the packs of an account are sorted (see select_rows).
WORST_FIRST = (
    "gone",
    "-failing_high",
    "-failing_medium",
    "-failing_low",
    "-failing",
    IsNull(F("latest"), True).desc(),
    "pack__name",
    "pack",
)


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
        # Faster than get_state_display(), which sets up all choices each time.
        return str(Report.State(self.last_run.state).label) if self.last_run else ""


@dataclass
class AccountSection:
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
    sections: list[AccountSection]
    has_lines: bool

    @property
    def rows(self) -> list[PackRow]:
        """All rows of the page."""
        return [row for section in self.sections for row in section.rows]


def load_overview(home_filter: HomeFilter) -> Overview:
    """Return the page of home that the filter asks for, or the one with the opened account."""
    summaries = home_filter.select_summaries()
    totals = load_totals(summaries)
    has_lines = totals.packs > OPEN_PACKS
    # Where all packs stand open, all of their accounts are on one page.
    per_page = ACCOUNTS_PER_PAGE if has_lines else OPEN_PACKS
    page = paginate_lines(summaries, totals.accounts, home_filter, per_page)
    sections = [AccountSection(line) for line in page]
    if not has_lines:
        rows = arrange_by_account(build_rows(select_rows(summaries)))
        for section in sections:
            section.rows = rows[section.line.id]
    else:
        add_trends(page, summaries)
        for section in sections:
            if section.line.id == home_filter.open:
                open_section(section, home_filter)
    return Overview(totals, page, sections, has_lines)


def paginate_lines(
    summaries: PackSummaryQuerySet, accounts: int, home_filter: HomeFilter, per_page: int
) -> "Page[AccountLine]":
    """Return the page of lines with the opened account; without one, that of the filter."""
    if not home_filter.open:
        lines = CountedRows(accounts, partial(load_account_lines, summaries))
        return paginate(lines, home_filter.page, per_page)
    all_lines = load_account_lines(summaries)
    account_ids = [line.id for line in all_lines]
    number = home_filter.page
    if home_filter.open in account_ids:
        number = account_ids.index(home_filter.open) // per_page + 1
    return paginate(all_lines, number, per_page)


def load_account_section(
    home_filter: HomeFilter, account_id: int, *, is_open: bool
) -> AccountSection | None:
    """Return the line of an account and, opened, its packs; None if there is no such account."""
    lines = load_lines_with_trends(home_filter.select_summaries(), [account_id])
    if not lines:
        return None
    section = AccountSection(lines[0])
    if is_open:
        open_section(section, home_filter)
    return section


def open_section(section: AccountSection, home_filter: HomeFilter) -> None:
    """Load the page of the account's packs that the filter asks for."""
    summaries = select_rows(home_filter.select_summaries().filter(account=section.line.id))
    rows = CountedRows(section.line.packs, lambda start, stop: build_rows(summaries[start:stop]))
    page = paginate(rows, home_filter.packs, PACKS_PER_PAGE)
    section.is_open = True
    section.rows = list(page)
    section.page = page if page.has_other_pages() else None


def select_rows(summaries: PackSummaryQuerySet) -> PackSummaryQuerySet:
    """Return the summaries with all that their rows show, worst first.

    First packs with failures (most failures of high risk first), then packs without a report,
    then compliant packs, then packs that no longer exist in the cloud.
    """
    related_fields = [f"latest__{name}" for name in OVERVIEW_FIELDS]
    related_fields += [f"last_run__{name}" for name in RUN_FIELDS]
    related_fields += [f"pack__{name}" for name in PACK_FIELDS]
    return (
        summaries.select_related("pack", "latest", "last_run")
        .prefetch_related(Prefetch("pack__archived_by", User.objects.only("username")))
        .only("account", "trend", "last_run_state", *related_fields)
        .order_by(*WORST_FIRST)
    )


def build_rows(summaries: Iterable[PackSummary]) -> list[PackRow]:
    return [PackRow(summary) for summary in summaries]


def arrange_by_account(rows: Iterable[PackRow]) -> dict[int, list[PackRow]]:
    """Return the rows by the id of their account."""
    sections: dict[int, list[PackRow]] = defaultdict(list)
    for row in rows:
        sections[row.summary.account_id].append(row)
    return sections
