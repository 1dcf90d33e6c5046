"""Three weekly report files of one pack, and a batch to import them."""

import datetime as dt
import io

import pytest

from dashboard.imports import batches, uploads
from dashboard.models import ImportBatch, ImportedFile
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

UID = "1024837465912038"
PLAN = SandboxPack(
    "cp-00000000000000000001", UID, "OSS 合规管理最佳实践", "", ("oss",), rows=60, failing_share=0.3
)
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ReportFile = tuple[str, bytes, dt.datetime]  # name, content, time


@pytest.fixture(scope="package")
def files() -> list[ReportFile]:
    return list(build_past_report_files(CloudState(7, 3, packs=(PLAN,)), 3, until=UNTIL))


@pytest.fixture
def batch(db: None) -> ImportBatch:
    return ImportBatch.objects.create(creates_packs=True)


def store_upload(batch: ImportBatch, name: str, content: bytes) -> None:
    uploads.store_upload(batch, name, io.BytesIO(content), len(content))


def import_upload(batch: ImportBatch, name: str, content: bytes) -> list[ImportedFile]:
    """Import a file or a zip, and return the files that it added to the batch."""
    earlier_files = list(batch.files.values_list("pk", flat=True))
    store_upload(batch, name, content)
    batches.import_waiting_files(batch.pk)
    return list(batch.files.exclude(pk__in=earlier_files))
