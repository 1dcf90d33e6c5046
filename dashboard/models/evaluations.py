"""Evaluations, stored as spans.

A *span* is one row for all consecutive reports of a pack that state the same evaluation of a
resource by a rule.

A *position* is a number that orders the reports of a pack. It is the evidence time in milliseconds,
followed by 20 bits of the file's hash, so that two files with the same time have a fixed order.

A span is valid from its `first` position up to, but not including, `until`. A span that is still
valid has `until` = FOREVER, so a report in which nothing changed writes no row. `since` is the
position at which the present status began: a new reason begins a new span, but does not restart
the time for which a resource has been failing.
"""

import datetime as dt
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

FOREVER = 2**63 - 1
HASH_BITS = 20
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def make_position(moment: dt.datetime, sha256: str) -> int:
    """Return the position of a report from its evidence time and the SHA-256 of its file.

    The milliseconds are the high bits; the low HASH_BITS bits come from the hash.
    """
    milliseconds = int(moment.timestamp() * 1000)
    return (milliseconds << HASH_BITS) | (int(sha256[:8], 16) & ((1 << HASH_BITS) - 1))


def position_time(position: int) -> dt.datetime:
    """Return the evidence time in UTC: the high bits of the position are its milliseconds."""
    return dt.datetime.fromtimestamp((position >> HASH_BITS) / 1000, dt.UTC)


def convert_milliseconds(milliseconds: int | None) -> dt.datetime | None:
    """Return the UTC time of a cloud's timestamp; None for 0, None and what no calendar holds."""
    if not milliseconds:
        return None
    try:
        return EPOCH + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


class Status(models.IntegerChoices):
    """The cloud's ComplianceType. Tables are sorted by these numbers."""

    NON_COMPLIANT = 1, _("Non-compliant")
    INSUFFICIENT_DATA = 2, _("Insufficient data")
    IGNORED = 3, _("Ignored")
    NOT_APPLICABLE = 4, _("Not applicable")
    COMPLIANT = 5, _("Compliant")

    @property
    def slug(self) -> str:
        """The name in URLs and in the HTML attribute `data-status`."""
        return self.field.replace("_", "-")

    @property
    def field(self) -> str:
        """The field of Report and RuleResult that holds the count of this status."""
        return "failing" if self is Status.NON_COMPLIANT else self.name.lower()


class Risk(models.IntegerChoices):
    """The cloud's RiskLevel; NOT_STATED for a rule without a risk level."""

    HIGH = 1, _("High")
    MEDIUM = 2, _("Medium")
    LOW = 3, _("Low")
    NOT_STATED = 4, _("Not stated")

    @property
    def slug(self) -> str:
        """The name in URLs and in HTML attributes."""
        return self.name.lower().replace("_", "-")


class EvaluationSource(models.IntegerChoices):
    """What states an evaluation: the report's file, the evaluation results fetched beside it."""

    FILE = 1, _("file")
    RESULTS = 2, _("evaluation results")
    BOTH = 3, _("file and evaluation results")

    @property
    def slug(self) -> str:
        """The name in URLs and in HTML attributes."""
        return self.name.lower()


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def at(self, pack_id: int, position: int) -> Self:
        """Return the spans that are valid at this position: the evaluations of that report."""
        return self.filter(pack_id=pack_id, first__lte=position, until__gt=position)

    def ended(self) -> Self:
        """Return the spans that are not valid in the newest report.

        The partial index `ended_at` has the same condition.
        """
        return self.filter(until__lt=FOREVER)

    def failing(self) -> Self:
        return self.filter(status=Status.NON_COMPLIANT)

    def failing_first(self) -> Self:
        """Order by status (non-compliant first), risk, rule and resource."""
        return self.order_by("status", "risk", "rule", "resource_id", "key")


class Evaluation(models.Model):
    """One rule's evaluation of one resource, for as long as it stayed the same (a span)."""

    # No database constraint: checking both for each row takes a tenth of the time of storing a
    # report.
    pack = models.ForeignKey(
        "Pack", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    rule = models.ForeignKey(
        "Rule", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    # Hashes (see workbook/evaluation_hashes.py): `key` is the hash of rule and resource, `digest`
    # the hash of the result, `resource` the hash of the resource alone.
    key = models.BigIntegerField()
    digest = models.BigIntegerField()
    resource = models.BigIntegerField()
    first = models.BigIntegerField()
    until = models.BigIntegerField(default=FOREVER)
    since = models.BigIntegerField()
    status = models.PositiveSmallIntegerField(choices=Status)
    risk = models.PositiveSmallIntegerField(choices=Risk)
    account = models.CharField(max_length=32)
    region = models.CharField(max_length=64)
    resource_type = models.CharField(max_length=128)
    resource_id = models.TextField()
    resource_name = models.TextField()
    actual = models.TextField()
    expected = models.TextField()
    # The cloud's Equals, NotIn ...: what `actual`, the value of `property_path`, must be to
    # `expected`. Both are empty where the file gives none, and in rows that an earlier reader
    # stored.
    operator = models.TextField(default="")
    property_path = models.TextField(default="")
    reason = models.TextField()
    source = models.PositiveSmallIntegerField(
        choices=EvaluationSource, db_default=EvaluationSource.FILE
    )
    # Only in the evaluation results: their status if it differs from the file's (which `status`
    # is), otherwise 0; since when the cloud knows the resource as failing and when it was last
    # fixed, in milliseconds, 0 if not stated; the day on which an exemption ends, as stated.
    results_status = models.PositiveSmallIntegerField(db_default=0)
    failing_since_ms = models.BigIntegerField(db_default=0)
    fixed_at_ms = models.BigIntegerField(db_default=0)
    exempt_until = models.CharField(max_length=32, db_default="")
    resource_group = models.CharField(max_length=64, db_default="")
    # Resource id and name, and the finding from `actual` to `reason`, case-folded, for the search.
    search_text = models.TextField()

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pack", "key", "first"], name="a_span_of_a_key_begins_once"
            ),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("until")), name="a_span_ends_after_it_begins"
            ),
        ]
        indexes = [
            models.Index(
                fields=["pack", "status", "risk", "rule", "resource_id", "key"],
                name="failing_first",
            ),
            models.Index(fields=["pack", "first"], name="begun_at"),
            models.Index(
                fields=["pack", "until"], condition=models.Q(until__lt=FOREVER), name="ended_at"
            ),
            # The pack comes first: the resources of a new report would be scattered over an index
            # that began with their hashes.
            models.Index(fields=["pack", "resource", "first"], name="of_a_resource_in_a_pack"),
            models.Index(
                fields=["pack", "rule", "since", "first", "until"],
                condition=models.Q(status=Status.NON_COMPLIANT),
                name="failing_longest_first",
            ),
        ]

    def __str__(self) -> str:
        return self.resource_id

    @property
    def failing_since(self) -> dt.datetime | None:
        """Since when the cloud knows the resource as failing; None if it does not say."""
        return convert_milliseconds(self.failing_since_ms)

    @property
    def fixed_at(self) -> dt.datetime | None:
        """When the cloud saw the resource fixed the last time; None if it does not say."""
        return convert_milliseconds(self.fixed_at_ms)
