"""The limits of an upload: bytes, files, and what a zip says of its members."""

import io
import zipfile

import pytest
from django.test import Client
from pytest_django import Settings

from dashboard.imports import uploads
from dashboard.models import Original
from tests.views.import_pages import files as files
from tests.views.import_pages import importer as importer
from tests.views.import_pages import load_batch_page, upload_files

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_upload_that_unpacks_to_too_much_is_refused_in_words_and_nothing_is_stored(
    importer: Client, files: dict[str, bytes], settings: Settings
) -> None:
    settings.UPLOAD_LIMIT_BYTES = sum(map(len, files.values())) + 1_000_000
    reports = io.BytesIO()
    with zipfile.ZipFile(reports, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"report-{number}.csv", b"0" * 500_000)
    assert len(reports.getvalue()) < 10_000
    batch = upload_files(importer, {**files, "many.zip": reports.getvalue()})
    assert {file.error_code for file in batch.files.all()} == {"upload_too_large"}
    assert not Original.objects.exists()
    assert "The upload brings in too much" in load_batch_page(importer, batch)


def test_an_upload_with_too_many_files_in_its_zips_is_refused(
    importer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_FILES", 3)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(2):
            archive.writestr(f"report-{number}.csv", b"")
    zips = {"a.zip": content.getvalue(), "b.zip": content.getvalue()}
    batch = upload_files(importer, zips)
    assert {file.error_code for file in batch.files.all()} == {"upload_too_large"}


def test_a_zip_with_a_very_long_list_of_members_is_not_looked_into() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(100):
            member = zipfile.ZipInfo(f"{number}.csv")
            member.comment = b"x" * 60_000
            archive.writestr(member, b"")
    content.seek(0)
    assert uploads.list_report_members(content, "a.zip") == []


def test_an_upload_at_the_limit_is_stored(
    importer: Client, files: dict[str, bytes], settings: Settings
) -> None:
    settings.UPLOAD_LIMIT_BYTES = sum(map(len, files.values()))
    batch = upload_files(importer, files)
    assert {file.error_code for file in batch.files.all()} == {""}
    assert Original.objects.count() == len(files)
