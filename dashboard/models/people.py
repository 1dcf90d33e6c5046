"""What a person prefers, and the log of what people did."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preference(models.Model):
    """How one person wants the pages: language, time zone, theme. Empty means the browser's or the settings'."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preference"
    )
    language = models.CharField(max_length=10, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)

    def __str__(self) -> str:
        return str(self.user)


class AuditEntry(models.Model):
    """One line of the log of who changed what: append-only."""

    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    action = models.CharField(max_length=40)
    report = models.ForeignKey("Report", on_delete=models.PROTECT, null=True, related_name="audit")
    account = models.ForeignKey(
        "Account", on_delete=models.PROTECT, null=True, related_name="audit"
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M} UTC"
