"""The audit log: what each user did."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from dashboard.models.accounts import Account, Pack
from dashboard.models.reports import Report

Values = dict[str, str | bool]  # by field name
# A user pressed Generate while a run that another one had requested was under way.
JOIN_ACTION = "join"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def record(
        self, user: AbstractBaseUser, action: str, report: Report, **facts: str
    ) -> "AuditEntry":
        """Log an action on a report that changes no field, such as "export" or "cancel".

        `facts` describe the action, for example the file name.
        """
        # There are no old and new values, so the facts are stored in `after`.
        return self.create(by_id=user.pk, action=action, report=report, after=facts)

    def record_account_change(
        self, user: AbstractBaseUser, account: Account, before: Values, after: Values
    ) -> "AuditEntry":
        """Log which fields of an account a user changed: the old and new values by field name.

        A new secret is logged as true and never with its value.
        """
        return self.create(
            by_id=user.pk, action="change-account", account=account, before=before, after=after
        )


class AuditEntry(models.Model):
    """One entry of the audit log. Entries are added and never changed."""

    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    action = models.CharField(max_length=40)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="audit")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="audit")
    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, null=True, related_name="audit")
    # The old and new values of the changed fields, by field name. For an action that changes no
    # field `before` is empty and `after` describes the action.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M} UTC"
