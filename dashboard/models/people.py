"""The preferences of users."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preference(models.Model):
    """A user's language, time zone and theme.

    If the language or time zone is empty, the browser's is used, or else the default of the
    settings.
    """

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
