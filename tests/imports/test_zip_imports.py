"""A zip of reports is many imports; a zip that is itself a report is one."""

import io
import zipfile

import pytest

from dashboard.imports import uploads
from dashboard.models import ImportBatch, ImportedFile, Report
from tests.imports.conftest import PLAN, UID, ReportFile, import_upload
from tests.sample_files import build_zip

pytestmark = pytest.mark.django_db
State = ImportedFile.State


def test_a_zip_of_reports_is_many_imports_and_one_bad_file_stops_no_other(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    broken_name = f"{UID}-{PLAN.id}-report-202601010000.xls"
    members = {name: content for name, content, _ in files}
    members |= {broken_name: b"\xd0\xcf\x11\xe0 broken", "notes.txt": b"?"}
    imported_files = import_upload(batch, "year.zip", build_zip(members))
    assert len(imported_files) == 5
    assert all(file.inside == "year.zip" for file in imported_files)
    assert batch.files.get(name="notes.txt").state == State.REFUSED
    states = {file.name: file.report.state for file in imported_files if file.report}
    assert states.pop(broken_name) == Report.State.FAILED
    assert set(states.values()) == {Report.State.READY}


@pytest.mark.parametrize(
    ("zip_name", "member_names", "report_count"),
    [
        # A report's own name
        (
            f"{UID}-cp-1-report-202601010000.zip",
            [
                f"{UID}-cp-1-report-202601010000.xls",
                f"{UID}-cp-1-report-202602010000.xls",
            ],
            0,
        ),
        # One pack and one minute
        (
            "renamed.zip",
            [
                f"{UID}-cp-1-report-202601010000.xls",
                "1739264850173625-cp-1-report-202601010000.xls",
            ],
            0,
        ),
        # Two minutes
        (
            "old.zip",
            [
                f"{UID}-cp-1-report-202601010000.xls",
                f"{UID}-cp-1-report-202602010000.xls",
            ],
            2,
        ),
        ("old.zip", ["a.xls", "b.xls"], 2),
    ],
)
def test_a_zip_of_one_pack_and_one_minute_or_with_the_name_of_a_report_is_one_report(
    zip_name: str, member_names: list[str], report_count: int
) -> None:
    content = build_zip(dict.fromkeys(member_names, b"x"))
    assert len(uploads.list_report_members(io.BytesIO(content), zip_name)) == report_count


def test_litter_of_systems_and_folders_in_a_zip_of_reports_are_no_files(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    members = {"reports\\": b"", "reports\\Thumbs.db": b"x", "desktop.ini": b"x", name: content}
    (file,) = import_upload(batch, "year.zip", build_zip(members))
    assert (file.name, file.state) == (name, State.ENTERED)


def test_a_note_beside_the_files_of_one_pack_and_minute_does_not_split_their_report() -> None:
    names = [f"{uid}-cp-1-report-202601010000.xls" for uid in (UID, "2" * 16)]
    content = build_zip(dict.fromkeys([*names, "说明.txt"], b"x"))
    assert uploads.list_report_members(io.BytesIO(content), "renamed.zip") == []


def test_a_member_compressed_in_a_way_not_read_here_is_refused_with_that_cause(
    batch: ImportBatch,
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:  # stored, so the headers below are found
        archive.writestr("a.xls", b"x")
    content = target.getvalue()
    content = content.replace(b"PK\x03\x04\x14\0\0\0\0\0", b"PK\x03\x04\x14\0\0\0\x09\0")
    content = content.replace(b"\x14\x03\x14\0\0\0\0\0", b"\x14\x03\x14\0\0\0\x09\0")
    (file,) = import_upload(batch, "old.zip", content)
    assert (file.error_code, file.error_facts) == ("compression", {"method": "Deflate64"})
