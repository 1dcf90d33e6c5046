"""Accounts as lines of home: the sums of their packs, and the trend of what fails in them."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import orjson
from django.db.models import Aggregate, Count, Min, Sum, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import ngettext

from dashboard.models import Account
from dashboard.models.pack_summaries import (
    IN_CLOUD,
    REPORT_COUNT_FIELDS,
    TREND_WEEKS,
    WEEK_MILLISECONDS,
    PackSummaryQuerySet,
)
from dashboard.text.formatting import format_number

# How the lines are sorted: failing evaluations of high risk count first.
WORST_FIRST = ("-sum_failing_high", "-sum_failing_medium", "-sum_failing_low", "-sum_failing")


@dataclass
class AccountLine:
    """An account, with the sums of those of its packs that home shows.

    `trend` is what fails at the end of each of the last weeks, oldest first.
    """

    id: int  # of the account
    name: str
    uid: str
    packs: int
    oldest_at: dt.datetime | None
    sums: dict[str, int]
    trend: list[int] = field(default_factory=list)

    @property
    def packs_text(self) -> str:
        """How many packs it has, in words."""
        return format_pack_count(self.packs)


@dataclass(frozen=True)
class Totals:
    """The sums over all packs that match the filter of home, and over their accounts."""

    accounts: int
    packs: int
    oldest_at: dt.datetime | None
    sums: dict[str, int]
    in_cloud: int  # packs of which a report can be generated

    @property
    def accounts_text(self) -> str:
        """How many accounts there are, in words."""
        text = ngettext("%(count)s account", "%(count)s accounts", self.accounts)
        return text % {"count": format_number(self.accounts)}

    @property
    def packs_text(self) -> str:
        """How many packs there are, in words."""
        return format_pack_count(self.packs)


def format_pack_count(packs: int) -> str:
    """Return "1 pack", "2,000 packs" ..."""
    text = ngettext("%(count)s pack", "%(count)s packs", packs)
    return text % {"count": format_number(packs)}


def load_account_lines(
    summaries: PackSummaryQuerySet, start: int = 0, stop: int | None = None
) -> list[AccountLine]:
    """Return a line for each account of these packs, worst first, without trends.

    The worst have the most failing evaluations of high, then of medium, then of low risk. `start`
    and `stop` are the positions of the lines that are wanted.
    """
    rows: Iterable[Any] = (
        summaries.values_list("account", "account__name", "account__uid")
        .annotate(**build_sums())
        .order_by(*WORST_FIRST, "account__name", "account__uid")
    )[start:stop]
    return [
        AccountLine(pk, name, uid, packs, oldest_at, replace_missing_sums(sums))
        for pk, name, uid, packs, oldest_at, *sums in rows
    ]


def load_lines_with_trends(
    summaries: PackSummaryQuerySet, account_ids: Collection[int]
) -> list[AccountLine]:
    """Return the lines of these accounts; an account of which no pack matches has 0 packs."""
    shown_summaries = summaries.filter(account__in=account_ids)
    lines = load_account_lines(shown_summaries)
    accounts_without_packs = set(account_ids) - {line.id for line in lines}
    if accounts_without_packs:
        accounts = Account.objects.filter(pk__in=accounts_without_packs)
        no_sums = replace_missing_sums([None] * len(REPORT_COUNT_FIELDS))
        lines += [
            AccountLine(pk, name, uid, packs=0, oldest_at=None, sums=no_sums)
            for pk, name, uid in accounts.values_list("pk", "name", "uid")
        ]
    add_trends(lines, shown_summaries)
    return lines


def load_totals(summaries: PackSummaryQuerySet) -> Totals:
    """Return the sums over all of these packs."""
    sums = summaries.aggregate(
        accounts=Count("account", distinct=True),
        in_cloud=Count("pk", filter=IN_CLOUD),
        **build_sums(),
    )
    names = ("accounts", "packs", "oldest_at", "in_cloud")
    accounts, packs, oldest_at, in_cloud = (sums.pop(name) for name in names)
    return Totals(accounts, packs, oldest_at, replace_missing_sums(sums.values()), in_cloud)


def build_sums() -> dict[str, Aggregate]:
    """Return what is worked out over packs: their number, the oldest report, sums of counts."""
    sums = {f"sum_{name}": Sum(name) for name in REPORT_COUNT_FIELDS}
    return {"packs": Count("pk"), "oldest_at": Min("latest_created_at"), **sums}


def replace_missing_sums(sums: Iterable[int | None]) -> dict[str, int]:
    """Return the sums by the names of their counts, 0 if no pack has a number."""
    return {name: value or 0 for name, value in zip(REPORT_COUNT_FIELDS, sums, strict=True)}


def add_trends(lines: Iterable[AccountLine], summaries: PackSummaryQuerySet) -> None:
    """Set the trends of these lines: the failing evaluations of the reports in force."""
    first_week = int(timezone.now().timestamp() * 1000) // WEEK_MILLISECONDS - TREND_WEEKS + 1
    lines_by_account = {line.id: line for line in lines}
    # By how many the failing evaluations of an account change in each week.
    changes = {account: [0] * TREND_WEEKS for account in lines_by_account}
    shown_summaries = summaries.filter(account__in=lines_by_account).order_by()
    # As text: orjson takes a third of the time that the field's own decoder takes.
    weeks_as_json = Cast("weekly_failing", TextField())
    for account, weekly_failing in shown_summaries.values_list("account", weeks_as_json):
        failing_before = 0
        for week, failing in orjson.loads(weekly_failing):
            # A report may be from next week: clocks differ.
            index = min(max(0, week - first_week), TREND_WEEKS - 1)
            changes[account][index] += failing - failing_before
            failing_before = failing
    for account, line in lines_by_account.items():
        line.trend = list(accumulate(changes[account]))
