"""Bulk requests: what a user wants with *Generate all*, a report of each of many packs.

The click only records the request and its packs. A worker then creates the runs, a few at a time
(see generation/bulk_requests.py).
"""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models.accounts import Pack
from dashboard.models.reports import Report


class BulkRequestQuerySet(models.QuerySet["BulkRequest"]):
    def under_way(self) -> Self:
        """Return the bulk requests of which a pack still waits or a run is under way."""
        return self.filter(ended_at=None)


class BulkRequest(models.Model):
    """A request for a report of each of many packs: who made it, when, and how it goes on."""

    # Null if a command made the request.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    # The query string of the filter that selected the packs; empty for all packs.
    filter_query = models.TextField(blank=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # When a worker looks next for ended runs and waiting packs.
    next_at = models.DateTimeField(default=timezone.now)
    # When the last run had ended and no pack waited any more.
    ended_at = models.DateTimeField(null=True)

    objects = BulkRequestQuerySet.as_manager()

    class Meta:
        ordering = ("-requested_at", "-pk")
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(ended_at=None),
                name="bulk_requests_under_way",
            ),
            models.Index(F("requested_at").desc(), F("id").desc(), name="newest_bulk_requests"),
        ]

    def __str__(self) -> str:
        return f"Bulk request {self.requested_at:%Y-%m-%d %H:%M} UTC"

    @property
    def under_way(self) -> bool:
        return self.ended_at is None

    @property
    def can_be_cancelled(self) -> bool:
        return self.under_way and self.cancelled_at is None


class RequestedPackQuerySet(models.QuerySet["RequestedPack"]):
    def waiting(self) -> Self:
        return self.filter(state=RequestedPack.State.WAITING)

    def generating(self) -> Self:
        """Return the packs whose run was created and had not ended when it was looked at last."""
        return self.filter(state=RequestedPack.State.GENERATING)

    def record_late_success(self, report: Report) -> None:
        """Store that a report is ready whose run had ended otherwise before.

        That is so if its file was read again. No step of a bulk request looks at an ended run.
        """
        ended_otherwise = (RequestedPack.State.FAILED, RequestedPack.State.CANCELLED)
        packs = self.filter(report=report, state__in=ended_otherwise)
        packs.update(state=RequestedPack.State.READY)

    def unfinished(self) -> Self:
        return self.filter(state__in=(RequestedPack.State.WAITING, RequestedPack.State.GENERATING))


class RequestedPack(models.Model):
    """A pack of a bulk request, and the report that was created for it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        GENERATING = "asked", _("under way")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        # The bulk request was cancelled before the report was asked for.
        DROPPED = "dropped", _("not asked")
        # No report can be generated of a pack that is archived or not in the cloud.
        LEFT_OUT = "left-out", _("left out")

    bulk_request = models.ForeignKey(
        BulkRequest, on_delete=models.CASCADE, related_name="packs", db_index=False
    )
    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, related_name="requested_packs"
    )
    # True if another click or bulk request had created the run: cancelling leaves it.
    joined = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)

    objects = RequestedPackQuerySet.as_manager()

    class Meta:
        # The order in which reports are asked for (see record_bulk_request).
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["bulk_request", "pack"], name="a_pack_is_in_a_bulk_request_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "dropped", "left-out"), report=None)
                | Q(state__in=("asked", "ready", "failed", "cancelled"), report__isnull=False),
                name="a_pack_that_was_asked_has_its_report",
            ),
        ]
        indexes = [
            models.Index(
                fields=["bulk_request", "state", "id", "joined"], name="requested_packs_by_state"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pack_id}: {self.state}"
