"""Files of .xls of all versions and with odd records are read, or say what could not be read."""

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import pytest
import xlwt

from dashboard.workbook import WorkbookError
from dashboard.workbook.biff_encryption import _apply_rc4, _make_xor_verifier
from tests import sample_files
from tests.workbook import biff_files
from tests.workbook.biff_files import EOF, make_bof, make_labels, make_record, make_workbook
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.six_evaluations import (
    SHEET_NAME,
    TABLE,
    check_six_evaluations,
    list_remarks,
)

_PASSWORD = "VelvetSweatshop".encode("utf-16-le")


@pytest.mark.parametrize("encoding", ["gb18030", "big5hkscs"])
@pytest.mark.parametrize("codepage", [None, 936, 1252])
def test_texts_of_biff5_are_decoded_so_that_heads_are_known(
    encoding: str, codepage: int | None, tmp_path: Path
) -> None:
    table = TABLE
    if encoding == "big5hkscs":
        table = [_to_traditional(cells) for cells in TABLE]
    stream = make_workbook(
        [
            (
                SHEET_NAME if encoding == "gb18030" else "不合規資源",
                0,
                make_labels(table, encoding) + EOF,
            )
        ],
        encoding=encoding,
        shared_records=make_record(66, struct.pack("<H", codepage)) if codepage else b"",
    )
    with read_bytes(stream, tmp_path) as stored:
        assert stored.contents.rows == 6
        assert stored.contents.sheets[0].role == "non_compliant"


def _to_traditional(cells: tuple[str, ...]) -> tuple[str, ...]:
    pairs = str.maketrans("规则称风险级资类评结时间账号", "規則稱風險級資類評結時間帳號")
    return tuple(
        cell.translate(pairs).encode("big5hkscs", "ignore").decode("big5hkscs") for cell in cells
    )


@pytest.mark.parametrize(
    "stream",
    [
        make_bof(0x0000, 0x0010) + make_labels(TABLE, "gb18030"),
        make_bof(0x0000, 0x0010) + make_labels(TABLE, "gb18030") + EOF,
        make_bof(2, 0x0010, 0x0009) + biff_files.make_old_labels(TABLE, "gb18030") + EOF,
        make_bof(3, 0x0010, 0x0209) + make_labels(TABLE, "gb18030") + EOF,
        make_bof(4, 0x0010, 0x0409) + make_labels(TABLE, "gb18030") + EOF,
    ],
    ids=["no end", "version 0", "BIFF2", "BIFF3", "BIFF4"],
)
def test_a_bare_stream_of_an_old_version_is_read(stream: bytes, tmp_path: Path) -> None:
    with read_bytes(stream, tmp_path) as stored:
        check_six_evaluations(stored)
        assert stored.contents.remarks == []


def test_each_kind_of_cell_of_biff2_is_read(tmp_path: Path) -> None:
    start = struct.Struct("<HH3s")
    date_format = bytes([0, 14, 0])
    records = [
        (0x0002, start.pack(0, 0, bytes(3)) + struct.pack("<H", 7)),
        (0x0003, start.pack(0, 1, bytes(3)) + struct.pack("<d", 1.5)),
        (0x0003, start.pack(0, 2, date_format) + struct.pack("<d", 46_296.0)),
        (0x0005, start.pack(0, 3, bytes(3)) + bytes([1, 0])),
        (0x0005, start.pack(0, 4, bytes(3)) + bytes([0x2A, 1])),
        (0x0006, start.pack(0, 5, bytes(3)) + bytes(6) + b"\xff\xff"),
        (0x0007, b"\x04text"),
    ]
    stream = make_bof(2, 0x0010, 0x0009) + b"".join(make_record(*record) for record in records)
    with read_bytes(stream + EOF, tmp_path) as stored:
        assert read_cells(stored) == [
            [7, 1.5, {"d": "2026-10-01T00:00:00"}, True, {"e": "#N/A"}, "text"]
        ]


@pytest.mark.parametrize("number", [*range(27, 37), *range(50, 59)])
def test_east_asian_built_in_formats_show_dates(number: int, tmp_path: Path) -> None:
    cell_format = make_record(0xE0, struct.pack("<HH16x", 0, number))
    cells = make_record(0x0203, struct.pack("<HHHd", 0, 0, 0, 46_298.5)) + EOF
    stream = make_workbook([("1", 0, cells)], 0x0600, shared_records=cell_format)
    with read_bytes(stream, tmp_path) as stored:
        assert read_cells(stored) == [[{"d": "2026-10-03T12:00:00"}]]


@pytest.mark.parametrize("value", [-1.0, 2_958_466.5, 1e300, float("nan")])
def test_a_number_that_is_no_date_of_excel_stays_a_number(value: float, tmp_path: Path) -> None:
    cell_format = make_record(0xE0, struct.pack("<HH16x", 0, 14))
    cells = make_record(0x0203, struct.pack("<HHHd", 0, 0, 0, value)) + EOF
    stream = make_workbook([("1", 0, cells)], 0x0600, shared_records=cell_format)
    with read_bytes(stream, tmp_path) as stored:
        cell: Any = read_cells(stored)[0][0]
        assert cell == value or cell == {"e": "#NUM!"}


def test_a_shared_text_that_is_split_is_read_whole(tmp_path: Path) -> None:
    first = struct.pack("<II", 2, 2) + struct.pack("<HB", 6, 0) + b"abc"
    rest = b"\x01" + "规则甲".encode("utf-16-le") + struct.pack("<HBHI", 1, 0x0C, 1, 2) + b"z"
    last = b"\0\0\0\0" + b"\0\0"  # the format and the phonetic text of the second one
    strings = make_record(0xFC, first) + make_record(0x3C, rest) + make_record(0x3C, last)
    cells = b"".join(
        make_record(0xFD, struct.pack("<HHHI", 0, column, 0, column)) for column in (0, 1, 2)
    )
    stream = make_workbook([("1", 0, cells + EOF)], 0x0600, shared_records=strings)
    with read_bytes(stream, tmp_path) as stored:
        assert read_cells(stored) == [["abc规则甲", "z", None]]
        assert ("cells_damaged", "1") in list_remarks(stored)


def test_a_formula_gives_its_text_with_other_records_between(tmp_path: Path) -> None:
    start = struct.pack("<HHH", 0, 0, 0)
    text = struct.pack("<HB", 2, 1) + "合规".encode("utf-16-le")
    records = (
        make_record(0x06, start + bytes(6) + b"\xff\xff" + bytes(8))
        + make_record(0x04BC, bytes(8))  # SHRFMLA
        + make_record(0x0207, text)
    )
    stream = make_workbook([("1", 0, records + EOF)], 0x0600)
    with read_bytes(stream, tmp_path) as stored:
        assert read_cells(stored) == [["合规"]]


def test_a_chart_on_a_sheet_gives_no_cells(tmp_path: Path) -> None:
    chart = make_bof(0x0600, 0x0020) + make_record(0x0203, struct.pack("<HHHd", 9, 9, 0, 1.0)) + EOF
    cell = make_record(0x0203, struct.pack("<HHHd", 0, 0, 0, 5.0))
    stream = make_workbook([("1", 0, chart + cell + EOF)], 0x0600)
    with read_bytes(stream, tmp_path) as stored:
        assert read_cells(stored) == [[5]]


def test_every_sheet_that_the_workbook_names_is_there_with_its_reason(tmp_path: Path) -> None:
    labels = make_labels(TABLE, "gb18030")
    stream = make_workbook(
        [(SHEET_NAME, 0, labels + EOF), ("图", 2, EOF), ("坏", 0, EOF), ("断", 0, labels)]
    )
    at = stream.index("坏".encode("gb18030")) - 7
    stream = stream[:at] + struct.pack("<I", 3) + stream[at + 4 :]
    with read_bytes(stream, tmp_path) as stored:
        assert [(sheet.name, sheet.is_read) for sheet in stored.contents.sheets] == [
            (SHEET_NAME, True),
            ("图", False),
            ("坏", False),
            ("断", True),
        ]
        remarks = {remark.sheet: remark.code for remark in stored.contents.remarks}
        assert (remarks[1], remarks[2]) == ("sheet_without_cells", "sheet_unread")
        assert (3, "sheet_cut", "7") in [
            (remark.sheet, remark.code, remark.rows) for remark in stored.contents.remarks
        ]


@pytest.mark.parametrize("bad_cell", [(0xFD, struct.pack("<HHHI", 1, 9, 0, 99)), (0x0204, b"\1\0")])
def test_one_odd_cell_costs_that_cell_only(bad_cell: tuple[int, bytes], tmp_path: Path) -> None:
    records = make_labels(TABLE, "gb18030") + make_record(*bad_cell) + EOF
    with read_bytes(make_workbook([(SHEET_NAME, 0, records)]), tmp_path) as stored:
        assert stored.contents.rows == 6
        assert ("cells_damaged", "2") in list_remarks(stored)


def test_merged_cells_hold_for_all_rows_and_hidden_parts_are_remarked(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(SHEET_NAME)
    for row, cells in enumerate(TABLE):
        for column, text in enumerate(cells):
            if not (column < 3 and row in (2, 3)):
                sheet.write(row, column, text)
    for column in range(3):
        sheet.merge(1, 3, column, column)
    sheet.row(2).hidden = True
    sheet.row(4).hidden = True
    sheet.row(400).hidden = True  # has no cells
    sheet.col(6).hidden = True
    target = io.BytesIO()
    book.save(target)
    with read_bytes(target.getvalue(), tmp_path) as stored:
        check_six_evaluations(stored)
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.facts) == ("hidden_parts", {"rows": 2, "columns": 1})


def make_standard_filepass(password: bytes) -> bytes:
    """Return FILEPASS of RC4 with a key of 40 bits ([MS-OFFCRYPTO] 2.3.6)."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    base = hashlib.md5((hashlib.md5(password).digest()[:5] + salt) * 16).digest()[:5]  # noqa: S324
    key = hashlib.md5(base + bytes(4)).digest()  # noqa: S324
    encrypted = _apply_rc4(key, verifier + hashlib.md5(verifier).digest())  # noqa: S324
    return struct.pack("<HHH", 1, 1, 1) + salt + encrypted


def make_crypto_api_filepass(password: bytes) -> bytes:
    """Return FILEPASS of RC4 with a key of 128 bits ([MS-OFFCRYPTO] 2.3.5)."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    key = hashlib.sha1(hashlib.sha1(salt + password).digest() + bytes(4)).digest()[:16]  # noqa: S324
    encrypted = _apply_rc4(key, verifier + hashlib.sha1(verifier).digest())  # noqa: S324
    header = struct.pack("<8I", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + b"\0\0"
    return (
        struct.pack("<HHHII", 1, 2, 2, 4, len(header))
        + header
        + struct.pack("<I", 16)
        + salt
        + encrypted[:16]
        + struct.pack("<I", 20)
        + encrypted[16:]
    )


@pytest.mark.parametrize("make_filepass", [make_standard_filepass, make_crypto_api_filepass])
def test_a_workbook_protected_against_changes_is_read_and_one_with_a_password_is_not(
    make_filepass: Any, tmp_path: Path
) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(SHEET_NAME)
    for row, cells in enumerate(TABLE):
        for column, text in enumerate(cells):
            sheet.write(row, column, text)
    stream = book.get_biff_data()
    filepass = make_filepass(_PASSWORD)
    # Positions of sheets move by the size of FILEPASS.
    at = stream.index(b"\x85\0") + 4
    start = struct.unpack_from("<I", stream, at)[0] + 4 + len(filepass)
    stream = stream[:at] + struct.pack("<I", start) + stream[at + 4 :]
    encrypted = biff_files.encrypt_stream(stream, filepass, 8)
    assert "安全组".encode("utf-16-le") not in encrypted
    with read_bytes(encrypted, tmp_path) as stored:
        check_six_evaluations(stored)
    other = encrypted.replace(filepass, make_filepass("secret".encode("utf-16-le")))
    with pytest.raises(WorkbookError, match="encrypted"):
        read_bytes(other, tmp_path)


def test_the_xor_hash_of_a_password_is_that_of_the_specification() -> None:
    assert _make_xor_verifier(b"abc") == 0xCC1A


def test_styles_and_names_that_are_not_needed_spoil_nothing(tmp_path: Path) -> None:
    shared = b"".join(make_record(kind, b"\xff") for kind in (0x18, 0x31, 0x92, 0x0293, 0x01AE))
    stream = make_workbook(
        [(SHEET_NAME, 0, make_labels(TABLE, "gb18030") + EOF)], shared_records=shared
    )
    with read_bytes(stream, tmp_path) as stored:
        check_six_evaluations(stored)


def test_a_workbook_of_a_sample_is_read_from_its_bare_stream(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_xls({SHEET_NAME: TABLE}), tmp_path) as stored:
        check_six_evaluations(stored)
