"""The bucket of each pair of statuses."""

import pytest

from dashboard.comparison.buckets import BUCKET_LABELS, CHANGED_BUCKETS, Bucket, classify_change
from dashboard.models import Status


@pytest.mark.parametrize(
    ("old", "new", "bucket"),
    [
        (Status.COMPLIANT, Status.NON_COMPLIANT, Bucket.NEW_FAILURE),
        (None, Status.NON_COMPLIANT, Bucket.NEW_FAILURE),
        (Status.NON_COMPLIANT, Status.COMPLIANT, Bucket.FIXED),
        (Status.NON_COMPLIANT, Status.IGNORED, Bucket.NEWLY_IGNORED),
        (None, Status.IGNORED, Bucket.NEWLY_IGNORED),
        (Status.IGNORED, Status.NON_COMPLIANT, Bucket.IGNORE_ENDED_FAILING),
        (Status.IGNORED, Status.COMPLIANT, Bucket.IGNORE_ENDED_COMPLIANT),
        (Status.IGNORED, Status.INSUFFICIENT_DATA, Bucket.OTHER_CHANGE),
        (Status.NON_COMPLIANT, None, Bucket.GONE_FAILING),
        (Status.COMPLIANT, None, Bucket.GONE_COMPLIANT),
        (Status.IGNORED, None, Bucket.OTHER_CHANGE),
        (None, Status.COMPLIANT, Bucket.APPEARED_COMPLIANT),
        (Status.INSUFFICIENT_DATA, Status.COMPLIANT, Bucket.OTHER_CHANGE),
        (None, Status.NOT_APPLICABLE, Bucket.OTHER_CHANGE),
        (Status.NON_COMPLIANT, Status.NON_COMPLIANT, Bucket.STILL_FAILING),
        (Status.IGNORED, Status.IGNORED, Bucket.STILL_IGNORED),
        (Status.COMPLIANT, Status.COMPLIANT, Bucket.STILL_COMPLIANT),
        (Status.NOT_APPLICABLE, Status.NOT_APPLICABLE, Bucket.STILL_OTHER),
    ],
)
def test_a_pair_of_statuses_has_its_bucket(
    old: Status | None, new: Status | None, bucket: Bucket
) -> None:
    assert classify_change(old, new) is bucket


def test_every_bucket_has_a_label() -> None:
    assert set(BUCKET_LABELS) == set(Bucket)


def test_a_bucket_is_a_change_unchanged_or_not_comparable() -> None:
    for bucket in Bucket:
        kinds = (bucket.is_change, bucket.is_unchanged, bucket is Bucket.NOT_COMPARABLE)
        assert sum(kinds) == 1
        assert bucket.is_change == (bucket in CHANGED_BUCKETS)
