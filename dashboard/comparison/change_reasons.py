"""Explain why an evaluation became non-compliant or stopped being so, and count each reason.

For two reports, failing before + came - left = failing now. Each evaluation that fails in one of
the two reports only has exactly one reason, which claims no more than the two files say.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.models import Status


class ChangeDirection(StrEnum):
    """Whether an evaluation became non-compliant (came) or stopped being so (left)."""

    CAME = "came"
    LEFT = "left"

    @property
    def label(self) -> str:
        return str(DIRECTION_LABELS[self])


class ChangeReason(StrEnum):
    """Why an evaluation fails in one of two reports only."""

    REGRESSED = "regressed"
    EXEMPTION_ENDED = "exemption-ended"
    NEW_RESOURCE = "new-resource"
    NEW_RULE = "new-rule"
    HAD_NO_RESULT = "had-no-result"
    NOT_REPORTED_BEFORE = "not-reported-before"
    FIXED = "fixed"
    NEWLY_IGNORED = "newly-ignored"
    NO_LONGER_THERE = "no-longer-there"
    RULE_REMOVED = "rule-removed"
    NO_LONGER_REPORTED = "no-longer-reported"
    NO_RESULT_NOW = "no-result-now"

    @property
    def label(self) -> str:
        return str(REASON_LABELS[self])

    @property
    def direction(self) -> ChangeDirection:
        return ChangeDirection.LEFT if self in LEFT_REASONS else ChangeDirection.CAME


DIRECTION_LABELS = {
    ChangeDirection.CAME: gettext_lazy("new failing (non-compliant now, not before)"),
    ChangeDirection.LEFT: gettext_lazy("no longer failing (non-compliant before, not now)"),
}
REASON_LABELS = {
    ChangeReason.REGRESSED: gettext_lazy("regressed"),
    ChangeReason.EXEMPTION_ENDED: gettext_lazy("exemption ended"),
    ChangeReason.NEW_RESOURCE: gettext_lazy("new resource"),
    ChangeReason.NEW_RULE: gettext_lazy("new rule"),
    ChangeReason.HAD_NO_RESULT: gettext_lazy("had no result"),
    ChangeReason.NOT_REPORTED_BEFORE: gettext_lazy("not reported before"),
    ChangeReason.FIXED: gettext_lazy("fixed"),
    ChangeReason.NEWLY_IGNORED: gettext_lazy("newly ignored"),
    ChangeReason.NO_LONGER_THERE: gettext_lazy("no longer there"),
    ChangeReason.RULE_REMOVED: gettext_lazy("rule removed"),
    ChangeReason.NO_LONGER_REPORTED: gettext_lazy("no longer reported"),
    ChangeReason.NO_RESULT_NOW: gettext_lazy("no result now"),
}
REASONS_OF_OLD_STATUS = {
    Status.COMPLIANT: ChangeReason.REGRESSED,
    Status.IGNORED: ChangeReason.EXEMPTION_ENDED,
    Status.NOT_APPLICABLE: ChangeReason.HAD_NO_RESULT,
    Status.INSUFFICIENT_DATA: ChangeReason.HAD_NO_RESULT,
}
REASONS_OF_NEW_STATUS = {
    Status.COMPLIANT: ChangeReason.FIXED,
    Status.IGNORED: ChangeReason.NEWLY_IGNORED,
    Status.NOT_APPLICABLE: ChangeReason.NO_RESULT_NOW,
    Status.INSUFFICIENT_DATA: ChangeReason.NO_RESULT_NOW,
}
LEFT_REASONS = frozenset(
    {
        *REASONS_OF_NEW_STATUS.values(),
        ChangeReason.NO_LONGER_THERE,
        ChangeReason.RULE_REMOVED,
        ChangeReason.NO_LONGER_REPORTED,
    }
)


def find_reason(
    old: Status | None,
    new: Status | None,
    *,
    rule_only_in_other_list: bool,
    lists_compliant: bool,
) -> ChangeReason | None:
    """Return why an evaluation came or left; None if it fails in both reports or in neither.

    A status is None if a report does not have the evaluation. Then `rule_only_in_other_list` is
    true if the rule list of that report does not have the rule either, and `lists_compliant` is
    true if its file lists compliant rows: only then is a missing row really missing.
    """
    if new is Status.NON_COMPLIANT and old is not Status.NON_COMPLIANT:
        if old is not None:
            return REASONS_OF_OLD_STATUS[old]
        if rule_only_in_other_list:
            return ChangeReason.NEW_RULE
        if lists_compliant:
            return ChangeReason.NEW_RESOURCE
        return ChangeReason.NOT_REPORTED_BEFORE
    if old is Status.NON_COMPLIANT and new is not Status.NON_COMPLIANT:
        if new is not None:
            return REASONS_OF_NEW_STATUS[new]
        if rule_only_in_other_list:
            return ChangeReason.RULE_REMOVED
        if lists_compliant:
            return ChangeReason.NO_LONGER_THERE
        return ChangeReason.NO_LONGER_REPORTED
    return None


class ReasonCounts(NamedTuple):
    """How many evaluations came and left by reason, and how many of them have a high risk."""

    all_risks: Counter[ChangeReason]
    high_risk: Counter[ChangeReason]

    @property
    def came(self) -> int:
        return sum_direction(self.all_risks, ChangeDirection.CAME)

    @property
    def left(self) -> int:
        return sum_direction(self.all_risks, ChangeDirection.LEFT)

    @property
    def high_risk_came(self) -> int:
        return sum_direction(self.high_risk, ChangeDirection.CAME)

    @property
    def high_risk_left(self) -> int:
        return sum_direction(self.high_risk, ChangeDirection.LEFT)


def sum_direction(counts: Mapping[ChangeReason, int], direction: ChangeDirection) -> int:
    return sum(count for reason, count in counts.items() if reason.direction is direction)


def list_reason_counts(
    counts: Mapping[ChangeReason, int], direction: ChangeDirection
) -> list[tuple[ChangeReason, int]]:
    """Return the reasons of a direction that have evaluations, with their number."""
    return [
        (reason, counts[reason])
        for reason in ChangeReason
        if reason.direction is direction and counts.get(reason)
    ]


def describe_reason_counts(counts: Mapping[ChangeReason, int], direction: ChangeDirection) -> str:
    """Return the parts of a direction in words: "regressed 3, new rule 1"."""
    return join_reasons(
        _("%(reason)s %(count)s") % {"reason": reason.label, "count": f"{count:,}"}
        for reason, count in list_reason_counts(counts, direction)
    )


def join_reasons(parts: Iterable[str]) -> str:
    return _(", ").join(parts)


def parse_stored_counts(stored_counts: Mapping[str, int] | None) -> dict[ChangeReason, int]:
    """Return counts by reason as the database has them, by the reason's name."""
    return {ChangeReason(name): count for name, count in (stored_counts or {}).items()}
