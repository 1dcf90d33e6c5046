"""A zip of reports: litter is passed over, and what cannot be read is named and stops no other."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from dashboard.workbook import WorkbookError
from tests import sample_files
from tests.workbook.in_process import read_bytes
from tests.workbook.six_evaluations import SHEET_NAME, TABLE, check_six_evaluations

REPORT = sample_files.build_xls({SHEET_NAME: TABLE})
REPORT_NAME = "1234567890123456-cp-a1b2c3d4e5f600000001-report-202610010930.xls"
_DEFLATE64, _ENCRYPTED = 9, 0x1


def build_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip of files, whose names may occur twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it stands: ZipInfo would replace some characters
            archive.writestr(info, content)
    return target.getvalue()


def change_header_field(content: bytes, name: str, central_offset: int, value: int) -> bytes:
    """Return a zip with another value of two bytes in both headers of a member."""
    changed = bytearray(content)
    encoded_name = name.encode()
    central = content.rindex(encoded_name) - 46
    local = content.index(encoded_name) - 30
    for start, offset in ((central, central_offset), (local, central_offset - 2)):
        changed[start + offset : start + offset + 2] = value.to_bytes(2, "little")
    return bytes(changed)


def test_folders_with_backslashes_and_litter_of_systems_are_passed_over(tmp_path: Path) -> None:
    litter = (
        "reports\\",
        "reports/",
        "reports\\Thumbs.db",
        "reports/.DS_Store",
        "__MACOSX/reports/._a.xls",
        "reports\\._a.xls",
        "a.xls:Zone.Identifier",
        "~$a.xls",
        ".~lock.a.xls#",
    )
    members = [(f"reports\\{REPORT_NAME}", REPORT), *((name, b"") for name in litter)]
    with read_bytes(build_zip(members), tmp_path) as stored:
        check_six_evaluations(stored)
        assert stored.contents.unread_members == []
        assert stored.contents.remarks == []


@pytest.mark.parametrize(
    ("name", "content", "remark", "error"),
    [
        ("desktop.ini", b"[.ShellClassInfo]\r\nIconResource=x,0\r\n", "member_foreign", "unknown"),
        ("图.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "member_foreign", "unknown"),
        ("note.txt", b"", "member_foreign", "empty"),
        ("b.xls", b"", "member_unread", "empty"),
        ("b.xls", REPORT[:3000], "member_unread", "truncated"),
        ("b.xls", sample_files.ERROR_PAGE, "member_unread", "error_page"),
        ("b.xls", sample_files.OSS_ERROR, "member_unread", "oss_error"),
    ],
)
def test_a_member_that_cannot_be_read_is_named_and_stops_no_other(
    name: str, content: bytes, remark: str, error: str, tmp_path: Path
) -> None:
    zip_content = build_zip([(name, content), (REPORT_NAME, REPORT)])
    with read_bytes(zip_content, tmp_path) as stored:
        check_six_evaluations(stored)
        contents = stored.contents
        assert [member.name for member in contents.members] == [REPORT_NAME]
        (unread,) = contents.unread_members
        assert (unread.name, unread.code) == (name, error)
        (only_remark,) = contents.remarks
        assert only_remark.code == remark
        assert only_remark.is_uncounted
        assert only_remark.facts["member"] == name
        assert only_remark.facts["error"] == error


def test_nothing_stays_of_a_member_that_turns_out_damaged_when_a_part_is_stored(
    tmp_path: Path,
) -> None:
    other_rows = [TABLE[0], *((*row[:4], f"other-{row[4]}", *row[5:]) for row in TABLE[1:])]
    many: dict[str, list[tuple[str, ...]]] = {SHEET_NAME: other_rows, "b": [("x",)] * 5}
    with zipfile.ZipFile(io.BytesIO(sample_files.build_xlsx(many))) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"].replace(
        b'<row r="3"', b'<row r="1"'
    )
    damaged = sample_files.build_zip(parts)
    content = build_zip([("damaged.xlsx", damaged), (REPORT_NAME, REPORT)])
    with read_bytes(content, tmp_path) as stored:
        evaluations_of_other = [
            row for bucket in stored.read_buckets() for row in bucket if "other" in row.resource_id
        ]
        if stored.contents.unread_members:
            check_six_evaluations(stored)
            assert not evaluations_of_other
        else:
            assert len(evaluations_of_other) == 6


@pytest.mark.parametrize(
    ("central_offset", "value", "error"),
    [(10, _DEFLATE64, "compression"), (10, 93, "compression"), (8, _ENCRYPTED, "encrypted")],
)
def test_a_member_packed_in_a_way_not_read_here_has_its_true_cause(
    central_offset: int, value: int, error: str, tmp_path: Path
) -> None:
    other = ("other.xls", REPORT)
    content = change_header_field(
        build_zip([(REPORT_NAME, REPORT), other]), "other.xls", central_offset, value
    )
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)
        assert stored.contents.unread_members[0].code == error
    alone = change_header_field(build_zip([other]), "other.xls", central_offset, value)
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(alone, tmp_path)
    assert error_info.value.code == error
    assert error_info.value.facts["member"] == "other.xls"


def test_a_wrong_checksum_costs_its_member_only(tmp_path: Path) -> None:
    content = build_zip([("broken.xls", REPORT), (REPORT_NAME, REPORT)])
    at = content.index(REPORT) + 2000
    changed = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
    with read_bytes(changed, tmp_path) as stored:
        check_six_evaluations(stored)
        assert stored.contents.unread_members[0].code == "corrupt"


def test_a_zip_without_any_readable_report_tells_the_cause_of_a_report(tmp_path: Path) -> None:
    content = build_zip([("note.txt", b"what is this\nno table\n"), ("a.xls", REPORT[:3000])])
    with pytest.raises(WorkbookError, match="truncated") as error_info:
        read_bytes(content, tmp_path)
    assert error_info.value.facts["member"] == "a.xls"


def test_a_member_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = build_zip([(REPORT_NAME, REPORT), (REPORT_NAME, REPORT)])
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_name_without_the_flag_of_utf8_is_decoded(encoding: str, tmp_path: Path) -> None:
    content = build_zip([("x" * len("报告.xls".encode(encoding)), REPORT)])
    placeholder = b"x" * len("报告.xls".encode(encoding))
    content = content.replace(placeholder, "报告.xls".encode(encoding))
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.members[0].name == "报告.xls"
