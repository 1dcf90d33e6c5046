"""What came and what left add up for any two files."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.comparison.buckets import ListedStatuses
from dashboard.comparison.change_reasons import (
    REASON_LABELS,
    ChangeDirection,
    ChangeReason,
    find_reason,
)
from dashboard.comparison.differences import (
    ComparedRow,
    RuleLists,
    count_reasons,
    find_changes,
)
from dashboard.models import Status

ALL_STATUSES = frozenset(Status)
# An evaluation of a file: rule, resource and how often the file has judged it before.
Evaluated = tuple[int, int, int]
EVALUATIONS = st.dictionaries(
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 1)), st.sampled_from(Status)
)
OTHER_STATUSES = sorted(ALL_STATUSES - {Status.NON_COMPLIANT})
LISTED_STATUSES = st.sets(st.sampled_from(OTHER_STATUSES)).map(
    lambda statuses: frozenset({Status.NON_COMPLIANT, *statuses})
)
RULES = st.none() | st.frozensets(st.integers(1, 3))


def make_file_rows(
    evaluations: Mapping[Evaluated, Status],
    listed_statuses: frozenset[int],
    rules: frozenset[int] | None,
) -> dict[int, ComparedRow[int]]:
    """The rows that a file lists of these evaluations; its rows are of rules that it lists."""
    return {
        hash(evaluated): ComparedRow(hash(evaluated), evaluated[0], status, 1, "i-1")
        for evaluated, status in evaluations.items()
        if status in listed_statuses and (rules is None or evaluated[0] in rules)
    }


def count_failing(rows: Mapping[int, ComparedRow[int]]) -> int:
    return sum(row.status == Status.NON_COMPLIANT for row in rows.values())


@given(EVALUATIONS, EVALUATIONS, LISTED_STATUSES, LISTED_STATUSES, RULES, RULES)
def test_failing_before_and_what_came_less_what_left_is_failing_now(
    old: Mapping[Evaluated, Status],
    new: Mapping[Evaluated, Status],
    older_statuses: frozenset[int],
    newer_statuses: frozenset[int],
    older_rules: frozenset[int] | None,
    newer_rules: frozenset[int] | None,
) -> None:
    older_rows = make_file_rows(old, older_statuses, older_rules)
    newer_rows = make_file_rows(new, newer_statuses, newer_rules)
    listed_statuses = ListedStatuses(older_statuses, newer_statuses)
    rule_lists = RuleLists(older_rules, newer_rules)
    changes = list(find_changes(older_rows, newer_rows, listed_statuses, rule_lists))
    counts = count_reasons(changes)
    assert count_failing(older_rows) + counts.came - counts.left == count_failing(newer_rows)
    for change in changes:
        was_failing = change.old_status is Status.NON_COMPLIANT
        is_failing = change.new_status is Status.NON_COMPLIANT
        assert (change.reason is not None) == (was_failing != is_failing)
        if change.reason:
            came = change.reason.direction is ChangeDirection.CAME
            assert came == is_failing


@pytest.mark.parametrize(
    ("old", "new", "rule_only_in_other_list", "lists_compliant", "reason"),
    [
        (Status.COMPLIANT, Status.NON_COMPLIANT, False, True, ChangeReason.REGRESSED),
        (Status.IGNORED, Status.NON_COMPLIANT, False, True, ChangeReason.EXEMPTION_ENDED),
        (Status.NOT_APPLICABLE, Status.NON_COMPLIANT, False, True, ChangeReason.HAD_NO_RESULT),
        (Status.INSUFFICIENT_DATA, Status.NON_COMPLIANT, False, True, ChangeReason.HAD_NO_RESULT),
        (None, Status.NON_COMPLIANT, True, True, ChangeReason.NEW_RULE),
        (None, Status.NON_COMPLIANT, True, False, ChangeReason.NEW_RULE),
        (None, Status.NON_COMPLIANT, False, True, ChangeReason.NEW_RESOURCE),
        (None, Status.NON_COMPLIANT, False, False, ChangeReason.NOT_REPORTED_BEFORE),
        (Status.NON_COMPLIANT, Status.COMPLIANT, False, True, ChangeReason.FIXED),
        (Status.NON_COMPLIANT, Status.IGNORED, False, True, ChangeReason.NEWLY_IGNORED),
        (Status.NON_COMPLIANT, Status.NOT_APPLICABLE, False, True, ChangeReason.NO_RESULT_NOW),
        (Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA, False, True, ChangeReason.NO_RESULT_NOW),
        (Status.NON_COMPLIANT, None, True, True, ChangeReason.RULE_REMOVED),
        (Status.NON_COMPLIANT, None, False, True, ChangeReason.NO_LONGER_THERE),
        (Status.NON_COMPLIANT, None, False, False, ChangeReason.NO_LONGER_REPORTED),
        (Status.NON_COMPLIANT, Status.NON_COMPLIANT, False, True, None),
        (Status.COMPLIANT, None, True, True, None),
        (Status.IGNORED, Status.COMPLIANT, False, True, None),
    ],
)
def test_a_pair_of_statuses_has_its_reason(
    old: Status | None,
    new: Status | None,
    rule_only_in_other_list: bool,
    lists_compliant: bool,
    reason: ChangeReason | None,
) -> None:
    found_reason = find_reason(
        old, new, rule_only_in_other_list=rule_only_in_other_list, lists_compliant=lists_compliant
    )
    assert found_reason is reason


def test_every_reason_has_a_label() -> None:
    assert set(REASON_LABELS) == set(ChangeReason)
