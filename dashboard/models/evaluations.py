"""Evaluations as spans: a row stands for every report of its pack between two positions.

A report's *position* is a number that orders the reports of a pack: the milliseconds of its evidence time, shifted,
and twenty bits of its file's hash, so that two files of one moment have an order whoever came first.
A span holds from its `first` position up to, not including, `until`; one that still stands ends at FOREVER, so a report
in which nothing changed costs no write at all. `since` is the position at which the present status began: a change of
the reason splits a span, but not the time for which a resource has been failing.
"""

import datetime as dt
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

FOREVER = 2**63 - 1
HASH_BITS = 20


def make_position(moment: dt.datetime, sha256: str) -> int:
    """The position of a report with this evidence time and this file."""
    milliseconds = int(moment.timestamp() * 1000)
    return (milliseconds << HASH_BITS) | (int(sha256[:8], 16) & ((1 << HASH_BITS) - 1))


def position_time(position: int) -> dt.datetime:
    """The evidence time that a position stands for, in UTC."""
    return dt.datetime.fromtimestamp((position >> HASH_BITS) / 1000, dt.UTC)


class Status(models.IntegerChoices):
    """The cloud's ComplianceType. The numbers are ours: the order in which a table shows them."""

    NON_COMPLIANT = 1, _("Non-compliant")
    INSUFFICIENT_DATA = 2, _("Insufficient data")
    IGNORED = 3, _("Ignored")
    NOT_APPLICABLE = 4, _("Not applicable")
    COMPLIANT = 5, _("Compliant")

    @property
    def slug(self) -> str:
        """How it stands in URLs and in `data-status`."""
        return self.field.replace("_", "-")

    @property
    def field(self) -> str:
        """The field of Report and RuleResult that counts it."""
        return "failing" if self is Status.NON_COMPLIANT else self.name.lower()


class Risk(models.IntegerChoices):
    """The cloud's RiskLevel, and what has none: it stands last in a table."""

    HIGH = 1, _("High")
    MEDIUM = 2, _("Medium")
    LOW = 3, _("Low")
    NOT_STATED = 4, _("Not stated")

    @property
    def slug(self) -> str:
        return self.name.lower().replace("_", "-")


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def at(self, pack_id: int, position: int) -> Self:
        """The evaluations that stand in the report at this position of the pack."""
        return self.filter(pack_id=pack_id, first__lte=position, until__gt=position)

    def ended(self) -> Self:
        """Those that stand no more: said so that the index of them is found."""
        return self.filter(until__lt=FOREVER)

    def failing(self) -> Self:
        return self.filter(status=Status.NON_COMPLIANT)

    def failing_first(self) -> Self:
        return self.order_by("status", "risk", "rule", "resource_id", "key")


class Evaluation(models.Model):
    """What one rule said of one resource, for as long as it said the same."""

    # Unchecked by the database: to look both up again for each row would take a tenth of the time to store a report.
    pack = models.ForeignKey(
        "Pack", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    rule = models.ForeignKey(
        "Rule", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    # Hashes of what names the evaluation, of what it says, and of what names the resource (see workbook/).
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
    reason = models.TextField()
    # What is this row's own of all this, case-folded, for a search: resource id and name, actual, expected, reason.
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
            # The pack first, for a new report's resources lie all over an index that begins with their hashes.
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
    def failing_since(self) -> dt.datetime:
        return position_time(self.since)
