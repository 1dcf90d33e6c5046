"""Imported files wait while the disk or the database fails, and are never given up."""

import io
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from dashboard.generation import lifecycle
from dashboard.imports import batches, uploads
from dashboard.models import ImportBatch, Report
from tests.imports.conftest import ReportFile

pytestmark = pytest.mark.django_db


def test_reports_whose_contents_cannot_be_written_wait_and_become_ready(
    files: list[ReportFile], settings: Settings
) -> None:
    batch = ImportBatch.objects.create(creates_packs=True)
    for name, content, _created_at in files:
        uploads.store_upload(batch, name, io.BytesIO(content), len(content))
    readings = Path(settings.MEDIA_ROOT, "readings")
    readings.write_text("no folder")
    batches.import_waiting_files(batch.pk)
    states = Report.objects.values_list("state", "error_code").distinct()
    assert list(states) in ([], [(Report.State.READING, "machine")])
    readings.unlink()
    Report.objects.update(next_at=timezone.now())
    batches.import_waiting_files(batch.pk)  # as the worker does every minute
    for report in lifecycle.find_overdue_reports():
        lifecycle.advance_report(report.pk)
    assert set(Report.objects.values_list("state", "error_code")) == {(Report.State.READY, "")}
    assert Report.objects.count() == len(files)
