"""The rows of home that a poll asks for. A run is the generation of a report."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q

from dashboard.models import PackSummary, Report
from dashboard.queries.home_filter import HomeFilter
from dashboard.queries.pack_overview import (
    PACKS_PER_PAGE,
    RUN_FIELDS,
    WORST_FIRST,
    PackRow,
    build_rows,
    select_rows,
)


def load_polled_rows(
    report_ids: Collection[int], account_ids: Collection[int], home_filter: HomeFilter
) -> list[PackRow]:
    """Return the rows of the packs of these reports, and of other runs under way on the page.

    The page shows the packs of these accounts that match the filter. The rows of the runs under
    way among these reports have only what their state shows.
    """
    is_under_way = Q(last_run_state=PackSummary.LastRunState.UNDER_WAY, account__in=account_ids)
    is_on_page = home_filter.build_condition() & is_under_way
    summaries = PackSummary.objects.filter(Q(last_run__in=report_ids) | is_on_page)
    run_fields = [f"last_run__{name}" for name in RUN_FIELDS]
    related = summaries.select_related("pack", "last_run").only("pack__name", *run_fields)
    runs = {row.run.pk: row for row in build_rows(related) if row.run}
    polled_runs = set(report_ids) & runs.keys()
    running_rows = [runs[pk] for pk in polled_runs]
    started_packs = {row.pack.pk for pk, row in runs.items() if pk not in polled_runs}
    if started_packs:
        started_packs &= find_packs_on_page(account_ids, home_filter)
    if not started_packs and len(polled_runs) == len(set(report_ids)):
        return running_rows
    # Of a pack with a newer run, the polled one has ended.
    polled_packs = Report.objects.filter(pk__in=report_ids).values("pack")
    changed = PackSummary.objects.filter(Q(pk__in=started_packs) | Q(pk__in=polled_packs))
    running_packs = [row.pack.pk for row in running_rows]
    return running_rows + build_rows(select_rows(changed.exclude(pk__in=running_packs)))


def find_packs_on_page(account_ids: Collection[int], home_filter: HomeFilter) -> set[int]:
    """Return the packs that the page shows of these opened accounts.

    It is the first page of an account's packs, or of `home_filter.open` the page `packs`.
    """
    summaries = home_filter.select_summaries().filter(account__in=account_ids)
    packs_by_account: dict[int, list[int]] = defaultdict(list)
    for account, pack in summaries.order_by(*WORST_FIRST).values_list("account", "pk"):
        packs_by_account[account].append(pack)
    packs_on_page: set[int] = set()
    for account, packs in packs_by_account.items():
        start = (home_filter.packs - 1) * PACKS_PER_PAGE if account == home_filter.open else 0
        packs_on_page.update(packs[start : start + PACKS_PER_PAGE])
    return packs_on_page
