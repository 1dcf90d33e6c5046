"""The log of what people did."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from dashboard.models.accounts import Account
from dashboard.models.reports import Report


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def record(
        self, user: AbstractBaseUser, action: str, report: Report, **facts: str
    ) -> "AuditEntry":
        """Log that the user did something with a report: "export", "download" or "cancel"."""
        return self.create(by_id=user.pk, action=action, report=report, after=facts)


class AuditEntry(models.Model):
    """One line of the log of who did what. Lines are added and never changed."""

    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    action = models.CharField(max_length=40)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="audit")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="audit")
    # The changed fields by name, as they were and as they are now.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M} UTC"
