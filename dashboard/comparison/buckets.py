"""The buckets of a comparison: the kinds of change of an evaluation between two reports.

The bucket depends on the two statuses and on the statuses that each file lists row by row. A file
that lists only failing resources says nothing about all others, so these are not comparable.
"""

from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from dashboard.models import Status


class Bucket(StrEnum):
    """A kind of change, or of no change. Each evaluation of two reports is in exactly one bucket.

    "Gone" and "appeared" mean that only the older or only the newer report has the evaluation.
    """

    NEW_FAILURE = "new-failure"
    FIXED = "fixed"
    NEWLY_IGNORED = "newly-ignored"
    IGNORE_ENDED_FAILING = "ignore-ended-failing"
    IGNORE_ENDED_COMPLIANT = "ignore-ended-compliant"
    GONE_FAILING = "gone-failing"
    GONE_COMPLIANT = "gone-compliant"
    APPEARED_COMPLIANT = "appeared-compliant"
    OTHER_CHANGE = "other-change"
    NOT_COMPARABLE = "not-comparable"
    STILL_FAILING = "still-failing"
    STILL_IGNORED = "still-ignored"
    STILL_COMPLIANT = "still-compliant"
    STILL_OTHER = "still-other"

    @property
    def label(self) -> str:
        return str(BUCKET_LABELS[self])

    @property
    def is_change(self) -> bool:
        """Whether the status has changed; false for NOT_COMPARABLE, where it is not known."""
        return self in CHANGED_BUCKETS

    @property
    def is_unchanged(self) -> bool:
        """Whether both reports have the evaluation with the same status."""
        return self in UNCHANGED_BUCKETS.values()

    @property
    def new_status(self) -> Status | None:
        """The status of all evaluations of this bucket in the newer report.

        It is None if they have different statuses or none.
        """
        return NEW_STATUSES.get(self)


BUCKET_LABELS = {
    Bucket.NEW_FAILURE: _("New failures (was not ignored)"),
    Bucket.FIXED: _("Fixed"),
    Bucket.NEWLY_IGNORED: _("Newly ignored"),
    Bucket.IGNORE_ENDED_FAILING: _("Exemption ended, now failing"),
    Bucket.IGNORE_ENDED_COMPLIANT: _("Exemption ended, now compliant"),
    Bucket.GONE_FAILING: _("No longer there (was failing)"),
    Bucket.GONE_COMPLIANT: _("No longer there (was compliant)"),
    Bucket.APPEARED_COMPLIANT: _("First seen, compliant"),
    Bucket.OTHER_CHANGE: _("Other changes"),
    Bucket.NOT_COMPARABLE: _("Not comparable"),
    Bucket.STILL_FAILING: _("Still failing"),
    Bucket.STILL_IGNORED: _("Still ignored"),
    Bucket.STILL_COMPLIANT: _("Still compliant"),
    Bucket.STILL_OTHER: _("Other, unchanged"),
}
CHANGED_BUCKETS = (
    Bucket.NEW_FAILURE,
    Bucket.FIXED,
    Bucket.NEWLY_IGNORED,
    Bucket.IGNORE_ENDED_FAILING,
    Bucket.IGNORE_ENDED_COMPLIANT,
    Bucket.GONE_FAILING,
    Bucket.GONE_COMPLIANT,
    Bucket.APPEARED_COMPLIANT,
    Bucket.OTHER_CHANGE,
)
UNCHANGED_BUCKETS = {
    Status.NON_COMPLIANT: Bucket.STILL_FAILING,
    Status.IGNORED: Bucket.STILL_IGNORED,
    Status.COMPLIANT: Bucket.STILL_COMPLIANT,
    Status.NOT_APPLICABLE: Bucket.STILL_OTHER,
    Status.INSUFFICIENT_DATA: Bucket.STILL_OTHER,
}
IGNORE_ENDED_BUCKETS = {
    Status.NON_COMPLIANT: Bucket.IGNORE_ENDED_FAILING,
    Status.COMPLIANT: Bucket.IGNORE_ENDED_COMPLIANT,
}
GONE_BUCKETS = {
    Status.NON_COMPLIANT: Bucket.GONE_FAILING,
    Status.COMPLIANT: Bucket.GONE_COMPLIANT,
}
NEW_STATUSES = {
    Bucket.NEW_FAILURE: Status.NON_COMPLIANT,
    Bucket.IGNORE_ENDED_FAILING: Status.NON_COMPLIANT,
    Bucket.STILL_FAILING: Status.NON_COMPLIANT,
    Bucket.FIXED: Status.COMPLIANT,
    Bucket.IGNORE_ENDED_COMPLIANT: Status.COMPLIANT,
    Bucket.APPEARED_COMPLIANT: Status.COMPLIANT,
    Bucket.STILL_COMPLIANT: Status.COMPLIANT,
    Bucket.NEWLY_IGNORED: Status.IGNORED,
    Bucket.STILL_IGNORED: Status.IGNORED,
}


def classify_change(old: Status | None, new: Status | None) -> Bucket:
    """Return the bucket for an old and a new status, if both reports list all statuses.

    A status is None if that report does not have the evaluation. An evaluation that is missing in
    the newer report is "gone" and never "fixed": only the status compliant proves a repair.
    """
    if new is None:
        return GONE_BUCKETS.get(old, Bucket.OTHER_CHANGE) if old else Bucket.OTHER_CHANGE
    if old == new:
        return UNCHANGED_BUCKETS[new]
    if new is Status.IGNORED:
        return Bucket.NEWLY_IGNORED
    if old is Status.IGNORED:
        return IGNORE_ENDED_BUCKETS.get(new, Bucket.OTHER_CHANGE)
    if new is Status.NON_COMPLIANT:
        return Bucket.NEW_FAILURE
    if new is Status.COMPLIANT and old is Status.NON_COMPLIANT:
        return Bucket.FIXED
    if new is Status.COMPLIANT and old is None:
        return Bucket.APPEARED_COMPLIANT
    return Bucket.OTHER_CHANGE


class ListedStatuses(NamedTuple):
    """The statuses that each of the two files lists row by row."""

    older_statuses: frozenset[int]
    newer_statuses: frozenset[int]

    def classify(self, old: Status | None, new: Status | None) -> Bucket:
        """Return the bucket for an old and a new status.

        A status is None if that report does not have the evaluation. The bucket is NOT_COMPARABLE
        if this report's file never lists evaluations with the other report's status: then the
        missing evaluation may have that same status.
        """
        unknown_in_older = old is None and new not in self.older_statuses
        unknown_in_newer = new is None and old not in self.newer_statuses
        if unknown_in_older or unknown_in_newer:
            return Bucket.NOT_COMPARABLE
        return classify_change(old, new)

    @property
    def gone_may_be_compliant(self) -> bool:
        """Whether a failing evaluation that is missing in the newer file may be compliant now."""
        return Status.COMPLIANT not in self.newer_statuses

    @property
    def both_list_compliant(self) -> bool:
        return Status.COMPLIANT in self.older_statuses and Status.COMPLIANT in self.newer_statuses

    def label_bucket(self, bucket: Bucket) -> str:
        """Return the label of a bucket; GONE_FAILING has a careful label if it is not certain."""
        if bucket is Bucket.GONE_FAILING and self.gone_may_be_compliant:
            return str(_("No longer reported"))
        return bucket.label
