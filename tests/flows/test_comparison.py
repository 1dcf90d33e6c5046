"""Comparison: every key in one bucket, from the older to the newer, and no word that the files do not bear out."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.comparison import comparison_rows, differences, rule_scope
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.differences import (
    Bucket,
    ComparedRow,
    ListedStatuses,
    count_buckets,
    find_changes,
)
from dashboard.ledger import spans
from dashboard.models import Account, Pack, Report, Rule, Status
from dashboard.models.evaluations import make_position
from dashboard.workbook import Evaluated

ALL = frozenset(Status)
FAILING_ONLY = frozenset({Status.NON_COMPLIANT})
EVERYTHING = ListedStatuses(ALL, ALL)
CONTENT = st.dictionaries(st.integers(1, 12), st.sampled_from(Status))
LISTS = st.sampled_from(
    [ALL, FAILING_ONLY, frozenset({Status.NON_COMPLIANT, Status.COMPLIANT, Status.IGNORED})]
)
Content = Mapping[int, Status]


def rows(content: Content, lists: frozenset[int] = ALL) -> dict[int, ComparedRow[int]]:
    return {
        key: ComparedRow(key, 1, status, 1, f"i-{key}")
        for key, status in content.items()
        if status in lists
    }


def buckets(
    old: Content, new: Content, lists: ListedStatuses = EVERYTHING
) -> tuple[Counter[Bucket], dict[int, Bucket]]:
    was, now = rows(old, lists.older), rows(new, lists.newer)
    changes = list(find_changes(was, now, lists))
    totals = Counter(Status(row.status) for row in now.values())
    return count_buckets(changes, totals), {change.key: change.bucket for change in changes}


@given(CONTENT, CONTENT)
def test_swapping_the_reports_turns_what_failed_anew_into_what_was_fixed(
    old: Content, new: Content
) -> None:
    def compliant_before(content: Content, of: dict[int, Bucket]) -> set[int]:
        return {
            key
            for key, bucket in of.items()
            if bucket is Bucket.NEW_FAILURE and content.get(key) is Status.COMPLIANT
        }

    forth, back = buckets(old, new)[1], buckets(new, old)[1]
    assert compliant_before(old, forth) == {
        key for key, bucket in back.items() if bucket is Bucket.FIXED
    }
    assert compliant_before(new, back) == {
        key for key, bucket in forth.items() if bucket is Bucket.FIXED
    }


@given(CONTENT)
def test_a_report_against_itself_has_no_change(content: Content) -> None:
    counts, changes = buckets(content, content)
    assert not changes
    assert sum(counts.values()) == len(content)


@given(CONTENT, CONTENT, LISTS, LISTS)
def test_every_key_is_in_one_bucket_and_they_add_up_to_the_union(
    old: Content, new: Content, older: frozenset[int], newer: frozenset[int]
) -> None:
    counts, changes = buckets(old, new, ListedStatuses(older, newer))
    was, now = rows(old, older), rows(new, newer)
    assert sum(counts.values()) == len(was.keys() | now.keys())
    assert min(counts.values(), default=0) >= 0
    assert all(bucket not in differences.UNCHANGED.values() for bucket in changes.values())


@given(CONTENT, CONTENT, LISTS, LISTS)
def test_fixed_needs_the_key_compliant_in_the_newer_report(
    old: Content, new: Content, older: frozenset[int], newer: frozenset[int]
) -> None:
    for key, bucket in buckets(old, new, ListedStatuses(older, newer))[1].items():
        if bucket is Bucket.FIXED:
            assert (old[key], new[key]) == (Status.NON_COMPLIANT, Status.COMPLIANT)


@given(CONTENT, CONTENT)
def test_a_file_that_lists_failing_resources_only_makes_nothing_gone_or_appeared(
    old: Content, new: Content
) -> None:
    whole_then_part = buckets(old, new, ListedStatuses(ALL, FAILING_ONLY))[1].values()
    assert not {Bucket.GONE_COMPLIANT, Bucket.FIXED, Bucket.OTHER_CHANGE} & set(whole_then_part)
    part_then_whole = buckets(old, new, ListedStatuses(FAILING_ONLY, ALL))[1].values()
    assert Bucket.APPEARED_COMPLIANT not in part_then_whole


def test_what_a_failing_only_file_no_longer_has_is_no_longer_reported() -> None:
    assert ListedStatuses(ALL, FAILING_ONLY).label(Bucket.GONE_FAILING) == "No longer reported"
    assert EVERYTHING.label(Bucket.GONE_FAILING) == "No longer there (was failing)"


def evaluated(key: int, status: int, words: str = "") -> Evaluated:
    digest = hash((status, words)) % 2**62
    return Evaluated(key, digest, key, status, f"i-{key}", "", "", "", words, sheet=0, row=0)


def store(pack: Pack, day: int, rows: list[Evaluated]) -> Report:
    """A ready report with these rows, entered the short way."""
    rule, _ = Rule.objects.get_or_create(pack=pack, key="cr-1", defaults={"name": "Rule"})
    at = dt.datetime(2026, 1, day, tzinfo=dt.UTC)
    counted = Counter(Status(row.group).field for row in rows)
    report = Report.objects.create(
        pack=pack,
        pack_name=pack.name,
        state=Report.State.FAILED,
        created_at=at,
        deadline_at=at,
        position=make_position(at, f"{day:064x}"),
        listed_statuses=list(Status),
        rows=len(rows),
        **counted,
    )
    groups = [(rule.pk, status, 1, "1", "cn-hangzhou", "ACS::ECS::Instance") for status in range(6)]
    spans.store_evaluations(report, [[row] for row in sorted(rows)], groups)
    return report


@pytest.mark.django_db
def test_two_stored_reports_differ_as_their_rows_do_whatever_came_between() -> None:
    pack = Pack.objects.create(
        account=Account.objects.create(name="A", uid="1000000000000001"),
        pack_id="cp-1",
        name="Pack",
    )
    older = store(pack, 1, [evaluated(1, 1), evaluated(2, 5), evaluated(3, 1), evaluated(4, 5)])
    newer = store(
        pack, 9, [evaluated(1, 5), evaluated(2, 1), evaluated(3, 1, "worse"), evaluated(5, 5)]
    )
    store(pack, 5, [evaluated(1, 1), evaluated(3, 5), evaluated(6, 1)])
    compared = differences.compare_reports(newer, older)
    assert {change.key: change.bucket for change in compared.changes} == {
        1: Bucket.FIXED,
        2: Bucket.NEW_FAILURE,
        4: Bucket.GONE_COMPLIANT,
        5: Bucket.APPEARED_COMPLIANT,
    }
    still = comparison_rows.load_comparison_page(
        compared, rule_scope.compare_scopes(compared), ComparisonFilter(bucket=Bucket.STILL_FAILING)
    )
    assert [change.key for change in still.changes] == [3]
    assert compared.counts[Bucket.STILL_FAILING] == 1
    assert sum(compared.counts.values()) == 5
    assert compared.common == ((1, 2), (1, 2))
