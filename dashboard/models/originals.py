"""Files in the archive."""

from django.db import models


class Original(models.Model):
    """A file in the archive, stored under its SHA-256; never changed, and shared by equal files."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    stored_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256

    @property
    def path(self) -> str:
        """The file's name in the default storage."""
        return f"originals/{self.sha256[:2]}/{self.sha256}"
