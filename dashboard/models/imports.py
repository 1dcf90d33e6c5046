"""Imports: batches of report files, and the outcome of each file (imported, rejected and so on)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.models.originals import Original
from dashboard.models.reports import Report


class ImportBatch(models.Model):
    """Files that one person imported together."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)
    # Whether accounts and packs that are not known yet are created without asking.
    creates_packs = models.BooleanField(default=False)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} UTC"


class ImportedFile(models.Model):
    """One file of a batch: its outcome and what is known of its account, pack and time."""

    class State(models.TextChoices):
        ARRIVED = "arrived", _("waiting")
        ASKING = "asking", _("needs a decision")
        ENTERED = "entered", _("imported")
        THERE = "there", _("already there")
        REFUSED = "refused", _("rejected")

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    # The name of the zip that contained the file; empty if the file came alone.
    inside = models.CharField(max_length=255, blank=True)
    original = models.ForeignKey(Original, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.ARRIVED)
    account_uid = models.CharField(_("account ID"), max_length=16, blank=True)
    pack_id = models.CharField(_("pack ID"), max_length=64, blank=True)
    pack_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(_("report created"), null=True)
    # What name, content and person state of account, pack and time, and which of them decides (see
    # Report.provenance); and what a user must decide, by the names in imports/identity.py.
    origin = models.JSONField(default=dict)
    questions = models.JSONField(default=list)
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, related_name="+")
    error_code = models.CharField(max_length=100, blank=True)
    error_facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)
        indexes = [
            models.Index(fields=["state"], name="files_that_wait"),
            models.Index(fields=["batch", "state", "report"], name="files_of_a_batch_by_state"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def under_way(self) -> bool:
        """Whether the file waits for its import, or the report created from it is under way."""
        return self.state == self.State.ARRIVED or bool(
            self.state == self.State.ENTERED and self.report and self.report.under_way
        )
