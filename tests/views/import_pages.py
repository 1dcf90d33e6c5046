"""Fixtures and steps for tests of the page of imports."""

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from huey.contrib.djhuey import HUEY

from dashboard.imports import batches
from dashboard.models import ImportBatch
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.sample_history import HISTORY_END, make_sandbox_pack


@pytest.fixture
def importer(officer: User) -> Client:
    client = Client()
    client.force_login(officer)
    return client


@pytest.fixture
def files() -> dict[str, bytes]:
    return {
        name: content
        for name, content, _ in build_past_report_files(
            CloudState(7, 2, packs=(make_sandbox_pack(),)), 2, until=HISTORY_END
        )
    }


def upload_files(client: Client, files: dict[str, bytes]) -> ImportBatch:
    uploads = [SimpleUploadedFile(name, content) for name, content in files.items()]
    answer = client.post("/imports/", {"files": uploads, "creates_packs": "on"})
    batch = ImportBatch.objects.latest("pk")
    assert answer["Location"] == f"/imports/{batch.pk}/"
    return batch


def import_waiting_files(batch: ImportBatch) -> None:
    """Import the files that wait, as the worker of the queue does."""
    HUEY.flush()
    batches.import_waiting_files(batch.pk)


def load_batch_page(client: Client, batch: ImportBatch, **headers: str) -> str:
    return client.get(f"/imports/{batch.pk}/", headers=headers).content.decode()
