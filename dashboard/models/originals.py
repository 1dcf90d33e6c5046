"""Files in the archive."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Original(models.Model):
    """A file in the archive, stored under its SHA-256; never changed, and shared by equal files."""

    class Damage(models.TextChoices):
        CHANGED = "changed", _("changed")
        MISSING = "missing", _("missing")

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    stored_at = models.DateTimeField(auto_now_add=True)
    # When the stored file was last compared with its hash, and what was found; "" is intact.
    verified_at = models.DateTimeField(null=True)
    damage = models.CharField(max_length=10, blank=True, choices=Damage)

    def __str__(self) -> str:
        return self.sha256

    @property
    def path(self) -> str:
        """The file's name in the default storage."""
        return f"originals/{self.sha256[:2]}/{self.sha256}"
