"""Every kind of file is known by its bytes, and what cannot be read is refused with its cause."""

import io
import zipfile
from pathlib import Path

import pytest

from dashboard.sandbox.report_files import build_encrypted_workbook
from dashboard.workbook import Limits, WorkbookError
from tests import sample_files
from tests.workbook.in_process import collect_states, read_bytes
from tests.workbook.protected_files import encrypt_workbook, encrypt_workbook_as_2007

F1 = sample_files.build_report_sheets(sample_files.SOME_FAILING)
KINDS = {
    "xls": sample_files.build_xls(F1),
    "xlsx": sample_files.build_xlsx(F1),
    "html": sample_files.build_html(F1),
    "spreadsheetml": sample_files.build_spreadsheetml(F1),
    "zip": sample_files.build_zip({sample_files.FILE_NAME: sample_files.build_xls(F1)}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_report_as_any_kind_of_file_says_the_same(kind: str, tmp_path: Path) -> None:
    (tmp_path / "xls").mkdir()
    with (
        read_bytes(KINDS[kind], tmp_path) as stored,
        read_bytes(KINDS["xls"], tmp_path / "xls") as as_xls,
    ):
        assert stored.contents.kind == kind
        assert len(collect_states(stored)) == 12
        assert collect_states(stored) == collect_states(as_xls)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_is_read_in_the_encodings_and_with_the_marks_that_occur(
    encoding: str, delimiter: str, tmp_path: Path
) -> None:
    rows = sample_files.build_status_sheet(10)["评估结果"]
    with read_bytes(sample_files.build_csv(rows, encoding, delimiter), tmp_path) as stored:
        assert stored.contents.kind == "csv"
        assert stored.contents.rows == 10
        assert stored.read_rows(0, 1, 2)[0][1] == "OSS 存储空间 ACL 不开启公共读"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_html_is_read_in_the_encodings_that_occur(encoding: str, tmp_path: Path) -> None:
    with read_bytes(sample_files.build_html(F1, encoding), tmp_path) as stored:
        assert stored.contents.sheets[0].name == "检测概览"


def build_ole_file(stream: str) -> bytes:
    """Return an OLE container with one stream of this name."""
    import xlwt

    target = io.BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(target, b"\0" * 5000)
    old, new = "Workbook".encode("utf-16-le"), stream.encode("utf-16-le")
    content = target.getvalue()
    at = content.index(old)
    return content[:at] + new + content[at + len(new) :]


NESTED = sample_files.build_zip(
    {"inner.zip": sample_files.build_zip({"a.xls": sample_files.build_xls(F1)})}
)
ALL_IN_LOWER_CASE = b"what is this\nno table at all\n"
REFUSED = {
    "empty": (b"", "empty"),
    "only spaces": (b" \r\n \n", "empty"),
    "a zip of nothing": (sample_files.build_zip({}), "empty"),
    "encrypted .xls": (build_encrypted_workbook(), "encrypted"),
    "encrypted .xlsx": (build_ole_file("EncryptedPackage"), "encrypted"),
    "an OSS error": (sample_files.OSS_ERROR, "oss_error"),
    "a page without a table": (sample_files.ERROR_PAGE, "error_page"),
    "a sign-in page built of tables": (
        b"<html><form><table><tr><td>Password<td><input type='password'></table></form></html>",
        "error_page",
    ),
    "JSON": (b'{"Code": "Throttling", "Message": "slow down"}', "unknown"),
    "XML with tables of its own": (b"<x><table:table xmlns:table='t'/></x>", "unknown"),
    "other XML": (b"<?xml version='1.0'?><feed><entry/></feed>", "unknown"),
    "prose": (ALL_IN_LOWER_CASE, "unknown"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "unknown"),
    "a cut .xls": (KINDS["xls"][:4000], "truncated"),
    "half a header of OLE": (KINDS["xls"][:200], "truncated"),
    "a cut .xlsx": (KINDS["xlsx"][:4000], "truncated"),
    "a cut zip": (KINDS["zip"][:-10], "truncated"),
    "HTML that ends in its first row": (b"<html><table><tr><td>a<td>b", "truncated"),
    "cut SpreadsheetML": (KINDS["spreadsheetml"][:-40], "truncated"),
    "a zip in a zip": (NESTED, "unknown"),
    "text cut within a character": ("规则名称,资源ID\n甲,一".encode()[:-1], "truncated"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_report_is_refused_with_its_cause(name: str, tmp_path: Path) -> None:
    content, code = REFUSED[name]
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(content, tmp_path)
    assert error_info.value.code == code


def test_an_error_of_the_storage_is_named_but_its_message_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(sample_files.OSS_ERROR, tmp_path)
    assert error_info.value.facts == {
        "oss_code": "AccessDenied",
        "request_id": "5C3D9175B6FC201293AD4890",
    }


def test_a_workbook_protected_against_changes_only_is_read(tmp_path: Path) -> None:
    content = encrypt_workbook(KINDS["xlsx"], "VelvetSweatshop")
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.kind == "xlsx"
        assert len(collect_states(stored)) == 12
    in_zip = sample_files.build_zip({"a.xls": content, "b.xls": content})
    with read_bytes(in_zip, tmp_path) as stored:
        assert [member.kind for member in stored.contents.members] == ["xlsx", "xlsx"]


def test_a_workbook_with_a_password_of_its_own_is_refused(tmp_path: Path) -> None:
    for encrypt in (encrypt_workbook, encrypt_workbook_as_2007):
        with pytest.raises(WorkbookError, match="encrypted"):
            read_bytes(encrypt(KINDS["xlsx"], "secret"), tmp_path)


def test_a_workbook_protected_by_excel_2007_is_read(tmp_path: Path) -> None:
    content = encrypt_workbook_as_2007(KINDS["xlsx"], "VelvetSweatshop")
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.kind == "xlsx"
        assert len(collect_states(stored)) == 12


def test_a_file_beyond_the_limit_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="too_large"):
        read_bytes(KINDS["xls"], tmp_path, limits=Limits(bytes=1000))


def build_zip_of_zeros(size: int) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.xls", "w") as member,
    ):
        for _ in range(size // 1_000_000):
            member.write(b"\0" * 1_000_000)
    return target.getvalue()


def test_a_zip_that_unpacks_beyond_the_limit_is_a_bomb_and_stays_packed(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="bomb"):
        read_bytes(build_zip_of_zeros(20_000_000), tmp_path, limits=Limits(uncompressed=10_000_000))
    assert not list((tmp_path / "unpacked").iterdir())


def test_a_member_that_lies_about_its_size_gives_no_byte_more(tmp_path: Path) -> None:
    content = bytearray(build_zip_of_zeros(5_000_000))
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(WorkbookError, match="corrupt"):
        read_bytes(bytes(content), tmp_path)
    assert sum(file.stat().st_size for file in (tmp_path / "unpacked").iterdir()) <= 1000


def test_a_zip_of_too_many_members_is_refused(tmp_path: Path) -> None:
    many = sample_files.build_zip({f"{number}.csv": b"a,b\n1,2\n" for number in range(6)})
    with pytest.raises(WorkbookError, match="too_many_members"):
        read_bytes(many, tmp_path, limits=Limits(members=5))


def test_the_path_of_a_member_is_kept_and_never_used(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_zip({"../../outside.xls": KINDS["xls"]}), tmp_path
    ) as stored:
        assert stored.contents.members[0].name == "../../outside.xls"
    assert not (tmp_path.parent / "outside.xls").exists()
    assert [file.name for file in (tmp_path / "unpacked").iterdir()] == ["0"]


def test_an_entity_bomb_is_not_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = sample_files.build_spreadsheetml({"规则": [("a", "b")]}).decode()
    bomb = bomb.replace(
        "<Workbook", f'<!DOCTYPE bomb [<!ENTITY l0 "ha">{levels}]><Workbook'
    ).replace(">a<", ">&l11;<")
    with pytest.raises(WorkbookError, match="bomb"):
        read_bytes(bomb.encode(), tmp_path)


def test_a_workbook_of_too_many_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="too_many_cells"):
        read_bytes(KINDS["xls"], tmp_path, limits=Limits(cells=50))
