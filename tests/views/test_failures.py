"""Failures of the machine are answered with words, without the database and without wrong bytes."""

import errno
import sqlite3
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.test import Client, RequestFactory

from dashboard.models import Original, Pack, Report
from dashboard.views.failures import find_failure, show_failure
from tests import sample_files
from tests.views.report_files import import_report_bytes


@pytest.fixture
def report(pack: Pack) -> Report:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    return import_report_bytes(pack, sample_files.build_xls(sheets), sample_files.FILE_NAME)


def test_a_changed_original_is_not_sent_and_the_page_says_so(
    report: Report, reader: Client
) -> None:
    reader.raise_request_exception = False
    path = Path(default_storage.path(report.require_original().path))
    assert "not verified since" in reader.get(f"/reports/{report.pk}/").content.decode()
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"!")
    for language, words in (
        ("en", "The original file was changed"),
        ("zh-hans", "原始文件已被改动"),
    ):
        headers = {"accept-language": language}
        answer = reader.get(f"/reports/{report.pk}/original/", headers=headers)
        assert answer.status_code == 409
        assert words in answer.content.decode()
    assert Original.objects.get(pk=report.original_id).damage == "changed"
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "original changed" in page
    assert "original kept" not in page


def test_a_missing_original_is_told_from_a_page_that_is_not_there(
    report: Report, reader: Client
) -> None:
    reader.raise_request_exception = False
    default_storage.delete(report.require_original().path)
    answer = reader.get(f"/reports/{report.pk}/original/")
    assert answer.status_code == 409
    assert "The original file is missing" in answer.content.decode()
    assert reader.get("/reports/999999/original/").status_code == 404


def test_a_verified_original_says_when(report: Report, reader: Client) -> None:
    assert b"".join(reader.get(f"/reports/{report.pk}/original/"))
    assert "· verified <time" in reader.get(f"/reports/{report.pk}/").content.decode()


def raise_and_show(error: Exception, requests: RequestFactory) -> tuple[int, str, str]:
    try:
        raise error
    except type(error):
        answer = show_failure(requests.get("/"))
    return answer.status_code, answer.headers.get("Retry-After", ""), answer.content.decode()


def test_a_busy_database_and_a_full_disk_say_what_to_do(rf: RequestFactory) -> None:
    status, retry_after, page = raise_and_show(OperationalError("database is locked"), rf)
    assert (status, retry_after) == (503, "5")
    assert "The database is busy" in page
    status, _retry_after, page = raise_and_show(OSError(errno.ENOSPC, "No space left"), rf)
    assert status == 503
    assert "The storage is full" in page
    status, _retry_after, page = raise_and_show(ZeroDivisionError(), rf)
    assert status == 500
    assert "Something went wrong" in page


def test_a_full_database_is_told_from_a_busy_one(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "small.sqlite3")
    database.execute("PRAGMA page_size=512")
    database.execute("CREATE TABLE texts (value TEXT)")
    database.execute("PRAGMA max_page_count=4")
    full_error = OperationalError("database or disk is full")
    with pytest.raises(sqlite3.OperationalError) as raised:
        database.execute("INSERT INTO texts VALUES (?)", ["x" * 10_000])
    full_error.__cause__ = raised.value
    assert find_failure(full_error).title == "The storage is full"
