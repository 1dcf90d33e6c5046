"""Comparison: every evaluation in one bucket, and no claim that the files do not bear out."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.comparison.buckets import UNCHANGED_BUCKETS, Bucket, ListedStatuses
from dashboard.comparison.change_list import list_changes
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.differences import (
    ComparedRow,
    RuleLists,
    compare_reports,
    count_buckets,
    find_changes,
    has_failing_rows,
)
from dashboard.comparison.rule_scope import load_rule_scope
from dashboard.ledger import spans
from dashboard.models import Account, Pack, Report, Rule, Status
from dashboard.models.evaluations import make_position
from dashboard.workbook import EvaluationRow

ALL_STATUSES = frozenset(Status)
FAILING_ONLY = frozenset({Status.NON_COMPLIANT})
BOTH_LIST_ALL = ListedStatuses(ALL_STATUSES, ALL_STATUSES)

# The status of each evaluation in a report, by key.
StatusByKey = Mapping[int, Status]
STATUSES_BY_KEY = st.dictionaries(st.integers(1, 12), st.sampled_from(Status))
SETS_OF_LISTED_STATUSES = st.sampled_from(
    [
        ALL_STATUSES,
        FAILING_ONLY,
        frozenset({Status.NON_COMPLIANT, Status.COMPLIANT, Status.IGNORED}),
    ]
)


def make_rows(
    statuses: StatusByKey, listed_statuses: frozenset[int] = ALL_STATUSES
) -> dict[int, ComparedRow[int]]:
    """The rows that a file lists of these evaluations."""
    return {
        key: ComparedRow(key, 1, status, 1, f"i-{key}")
        for key, status in statuses.items()
        if status in listed_statuses
    }


def classify_all(
    old: StatusByKey, new: StatusByKey, listed_statuses: ListedStatuses = BOTH_LIST_ALL
) -> tuple[Counter[Bucket], dict[int, Bucket]]:
    """The count of each bucket, and the bucket of each changed evaluation."""
    older_rows = make_rows(old, listed_statuses.older_statuses)
    newer_rows = make_rows(new, listed_statuses.newer_statuses)
    changes = list(find_changes(older_rows, newer_rows, listed_statuses, RuleLists()))
    totals = Counter(Status(row.status) for row in newer_rows.values())
    return count_buckets(changes, totals), {change.key: change.bucket for change in changes}


def select_keys(buckets: Mapping[int, Bucket], bucket: Bucket) -> set[int]:
    return {key for key, key_bucket in buckets.items() if key_bucket is bucket}


@given(STATUSES_BY_KEY, STATUSES_BY_KEY)
def test_swapping_the_reports_turns_new_failures_of_compliant_ones_into_fixed_ones(
    old: StatusByKey, new: StatusByKey
) -> None:
    def select_failures_of_compliant(
        buckets: Mapping[int, Bucket], before: StatusByKey
    ) -> set[int]:
        failures = select_keys(buckets, Bucket.NEW_FAILURE)
        return {key for key in failures if before.get(key) is Status.COMPLIANT}

    forwards, backwards = classify_all(old, new)[1], classify_all(new, old)[1]
    assert select_failures_of_compliant(forwards, old) == select_keys(backwards, Bucket.FIXED)
    assert select_failures_of_compliant(backwards, new) == select_keys(forwards, Bucket.FIXED)


@given(STATUSES_BY_KEY)
def test_a_report_against_itself_has_no_change(statuses: StatusByKey) -> None:
    counts, changes = classify_all(statuses, statuses)
    assert not changes
    assert sum(counts.values()) == len(statuses)


@given(STATUSES_BY_KEY, STATUSES_BY_KEY, SETS_OF_LISTED_STATUSES, SETS_OF_LISTED_STATUSES)
def test_every_key_is_in_one_bucket_and_they_add_up_to_the_union(
    old: StatusByKey, new: StatusByKey, older_lists: frozenset[int], newer_lists: frozenset[int]
) -> None:
    counts, changes = classify_all(old, new, ListedStatuses(older_lists, newer_lists))
    older_rows, newer_rows = make_rows(old, older_lists), make_rows(new, newer_lists)
    assert sum(counts.values()) == len(older_rows.keys() | newer_rows.keys())
    assert min(counts.values(), default=0) >= 0
    assert not set(changes.values()) & set(UNCHANGED_BUCKETS.values())


@given(STATUSES_BY_KEY, STATUSES_BY_KEY, SETS_OF_LISTED_STATUSES, SETS_OF_LISTED_STATUSES)
def test_fixed_needs_the_key_compliant_in_the_newer_report(
    old: StatusByKey, new: StatusByKey, older_lists: frozenset[int], newer_lists: frozenset[int]
) -> None:
    _counts, buckets = classify_all(old, new, ListedStatuses(older_lists, newer_lists))
    for key in select_keys(buckets, Bucket.FIXED):
        assert (old[key], new[key]) == (Status.NON_COMPLIANT, Status.COMPLIANT)


@given(STATUSES_BY_KEY, STATUSES_BY_KEY)
def test_a_file_that_lists_failing_resources_only_makes_nothing_gone_or_appeared(
    old: StatusByKey, new: StatusByKey
) -> None:
    newer_is_partial = classify_all(old, new, ListedStatuses(ALL_STATUSES, FAILING_ONLY))[1]
    claims = {Bucket.GONE_COMPLIANT, Bucket.FIXED, Bucket.OTHER_CHANGE}
    assert not claims & set(newer_is_partial.values())
    older_is_partial = classify_all(old, new, ListedStatuses(FAILING_ONLY, ALL_STATUSES))[1]
    assert Bucket.APPEARED_COMPLIANT not in older_is_partial.values()


def test_what_a_failing_only_file_no_longer_has_is_no_longer_reported() -> None:
    newer_is_partial = ListedStatuses(ALL_STATUSES, FAILING_ONLY)
    assert newer_is_partial.label_bucket(Bucket.GONE_FAILING) == "No longer reported"
    assert BOTH_LIST_ALL.label_bucket(Bucket.GONE_FAILING) == "No longer there (was failing)"


def make_evaluated(key: int, status: int, actual: str = "") -> EvaluationRow:
    """A row as a reader leaves it; its group is its status."""
    digest = hash((status, actual)) % 2**62
    return EvaluationRow(
        key, digest, key, status, f"i-{key}", "", "", "", "", "", actual, sheet=0, row=0
    )


def store_report(pack: Pack, day: int, rows: list[EvaluationRow]) -> Report:
    """A ready report with these rows as spans."""
    rule, _created = Rule.objects.get_or_create(pack=pack, key="cr-1", defaults={"name": "Rule"})
    created_at = dt.datetime(2026, 1, day, tzinfo=dt.UTC)
    counts = Counter(Status(row.group).field for row in rows)
    report = Report.objects.create(
        pack=pack,
        pack_name=pack.name,
        state=Report.State.FAILED,
        created_at=created_at,
        deadline_at=created_at,
        position=make_position(created_at, f"{day:064x}"),
        listed_statuses=list(Status),
        rows=len(rows),
        **counts,
    )
    groups = [(rule.pk, status, 1, "1", "cn-hangzhou", "ACS::ECS::Instance") for status in range(6)]
    spans.store_evaluations(report, [[row] for row in sorted(rows)], groups)
    return report


@pytest.mark.django_db
def test_two_stored_reports_differ_as_their_rows_do_whatever_came_between() -> None:
    account = Account.objects.create(name="A", uid="1000000000000001")
    pack = Pack.objects.create(account=account, pack_id="cp-1", name="Pack")
    failing, compliant = Status.NON_COMPLIANT, Status.COMPLIANT
    older = store_report(
        pack,
        1,
        [
            make_evaluated(1, failing),
            make_evaluated(2, compliant),
            make_evaluated(3, failing),
            make_evaluated(4, compliant),
        ],
    )
    newer = store_report(
        pack,
        9,
        [
            make_evaluated(1, compliant),
            make_evaluated(2, failing),
            make_evaluated(3, failing, "worse"),
            make_evaluated(5, compliant),
        ],
    )
    store_report(
        pack,
        5,
        [make_evaluated(1, failing), make_evaluated(3, compliant), make_evaluated(6, failing)],
    )
    comparison = compare_reports(newer, older)
    assert {change.key: change.bucket for change in comparison.changes} == {
        1: Bucket.FIXED,
        2: Bucket.NEW_FAILURE,
        4: Bucket.GONE_COMPLIANT,
        5: Bucket.APPEARED_COMPLIANT,
    }
    still_failing = list_changes(
        comparison, load_rule_scope(comparison), ComparisonFilter(bucket=Bucket.STILL_FAILING)
    )
    assert [change.key for change in still_failing] == [3]
    assert len(still_failing) == comparison.counts[Bucket.STILL_FAILING] == 1
    assert sum(comparison.counts.values()) == 5
    assert comparison.common_rates == ((1, 2), (1, 2))


@pytest.mark.parametrize(
    ("values", "tells"),
    [
        ({}, False),
        ({"failing": 3, "rules": 1}, False),
        ({"rules": 1}, True),
        ({"stated_counts": {"overview": {"non_compliant": 0}}}, True),
        ({"listed_statuses": [Status.NON_COMPLIANT]}, True),
        ({"listed_statuses": [Status.COMPLIANT]}, True),
    ],
)
def test_a_file_of_which_nothing_was_recognised_tells_no_change(
    values: dict[str, Any], tells: bool
) -> None:
    assert has_failing_rows(Report(**values)) is tells
