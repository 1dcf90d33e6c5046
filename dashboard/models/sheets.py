"""The sheets of a report's file."""

from django.db import models

from dashboard.models.reports import Report


class Sheet(models.Model):
    """One sheet of a report's file. The cells are not here (see archive/stored_forms.py)."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="sheets")
    number = models.PositiveSmallIntegerField()
    # The file inside the zip that the sheet comes from; empty if the report is not a zip.
    member = models.CharField(max_length=255, blank=True)
    member_sha256 = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    hidden = models.BooleanField(default=False)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    header_row = models.PositiveIntegerField(null=True)
    role = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="a_sheet_has_its_number")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rows_below_header(self) -> int:
        """The number of rows without the head and what stands above it."""
        return self.rows if self.header_row is None else self.rows - self.header_row - 1
