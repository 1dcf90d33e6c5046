"""CSV in whichever encoding and with whichever faults: rows are read or remarked."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from dashboard.workbook.csv_records import read_records
from dashboard.workbook.delimiters import Dialect
from tests import sample_files
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.six_evaluations import (
    ROWS,
    TABLE,
    check_six_evaluations,
    list_remarks,
    replace_cell,
)

REASON = 9  # the column


def make_csv(table: Sequence[Sequence[str]] = TABLE) -> str:
    target = io.StringIO()
    csv.writer(target).writerows(table)
    return target.getvalue()


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk"],
)
def test_six_evaluations_are_read_in_each_encoding(encoding: str, tmp_path: Path) -> None:
    with read_bytes(make_csv().encode(encoding), tmp_path) as stored:
        check_six_evaluations(stored)
        assert stored.contents.remarks == []


@pytest.mark.parametrize(
    ("encoding", "heads"),
    [
        ("big5", "規則名稱,規則ID,資源ID,資源名稱,合規評估結果"),
        ("shift_jis", "ルール名,ルールID,リソースID,リソース名,評価結果"),
        ("euc_jp", "ルール名,ルールID,リソースID,リソース名,評価結果"),
        ("cp932", "ルール名,ルールID,リソースID,リソース名,評価結果"),
    ],
)
def test_the_encoding_is_the_one_in_which_heads_are_known(
    encoding: str, heads: str, tmp_path: Path
) -> None:
    content = f"{heads}\r\n甲,cr-1,i-1,名,x\r\n".encode(encoding)
    with read_bytes(content, tmp_path) as stored:
        assert len(stored.contents.sheets[0].recognised) == 5
        assert ",".join(read_cells(stored)[0]) == heads


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_single_bad_byte_costs_its_character_and_is_remarked(
    encoding: str, tmp_path: Path
) -> None:
    content = make_csv().encode(encoding).replace("原因3".encode(encoding), b"x\xff3")
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)
        assert read_cells(stored)[4][REASON] == "x\ufffd3"
        assert list_remarks(stored) == [("characters_lost", "5")]


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x1f", "\0", "\x7f"])
@pytest.mark.parametrize("row", [0, 1, 5])
def test_a_control_character_spoils_nothing(character: str, row: int, tmp_path: Path) -> None:
    table = replace_cell(row, REASON, f"{TABLE[row][REASON]}{character}")
    with read_bytes(make_csv(table).encode(), tmp_path) as stored:
        assert stored.contents.rows == 6


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, line_end: str, tmp_path: Path) -> None:
    text = sample_files.build_csv(TABLE, delimiter=delimiter).decode()
    with read_bytes(text.replace("\r\n", line_end).encode(), tmp_path) as stored:
        check_six_evaluations(stored)


@pytest.mark.parametrize("delimiter", [";", "^"])
def test_a_first_line_for_excel_states_the_delimiter(delimiter: str, tmp_path: Path) -> None:
    content = f"sep={delimiter}\r\n".encode() + sample_files.build_csv(TABLE, delimiter=delimiter)
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)
        assert read_cells(stored)[0][0] == "规则名称"


@pytest.mark.parametrize("column", [0, REASON, 10])
@pytest.mark.parametrize("row", [1, 3, 6])
def test_a_quote_that_is_never_closed_costs_no_row(row: int, column: int, tmp_path: Path) -> None:
    lines = make_csv().splitlines(keepends=True)
    cells = lines[row].rstrip("\r\n").split(",")
    cells[column] = f'"{cells[column]}'
    lines[row] = ",".join(cells) + "\r\n"
    with read_bytes("".join(lines).encode(), tmp_path) as stored:
        assert stored.contents.rows == 6
        assert list_remarks(stored) == [("quote_open", str(row + 1))]


def test_an_open_quote_before_rows_with_quotes_costs_no_row(tmp_path: Path) -> None:
    table = [TABLE[0], *((*row[:REASON], f"{row[REASON]}, b", row[10]) for row in ROWS)]
    content = make_csv(table).replace('"原因0, b"', '"原因0')
    with read_bytes(content.encode(), tmp_path) as stored:
        check_six_evaluations(stored)
        assert ("quote_open", "2") in list_remarks(stored)


def test_line_ends_in_a_cell_that_is_closed_are_its_text(tmp_path: Path) -> None:
    table = replace_cell(2, REASON, 'first, "a"\nsecond, b\n\nthird')
    with read_bytes(make_csv(table).encode(), tmp_path) as stored:
        check_six_evaluations(stored)
        assert read_cells(stored)[2][REASON] == 'first, "a"\nsecond, b\n\nthird'
        assert stored.contents.remarks == []


def test_rows_that_a_cell_holds_are_remarked(tmp_path: Path) -> None:
    inner = make_csv([ROWS[1]]).rstrip()
    table = replace_cell(2, REASON, f"text\r\n{inner}\r\nend")
    with read_bytes(make_csv(table).encode(), tmp_path) as stored:
        assert ("cell_holds_rows", "3") in list_remarks(stored)


def test_a_row_with_more_cells_than_the_others_is_remarked(tmp_path: Path) -> None:
    table = [*TABLE[:3], (*TABLE[3], "more"), *TABLE[4:]]
    with read_bytes(make_csv(table).encode(), tmp_path) as stored:
        assert ("cells_beyond", "4") in list_remarks(stored)


def test_an_open_quote_in_each_of_many_lines_ends_in_time() -> None:
    lines = [f'{number},"b\n' for number in range(20_000)]
    records = list(read_records(lines, Dialect(",", 2)))
    assert len(records) >= 10_000
    assert all(record.cells[0].isdigit() for record in records)


def test_a_table_whose_cells_have_many_line_ends_has_a_delimiter(tmp_path: Path) -> None:
    content = b'a,b,c\r\n1,"x\ny\nz\nx\ny\nz",2\r\n'
    with read_bytes(content, tmp_path) as stored:
        assert read_cells(stored) == [["a", "b", "c"], ["1", "x\ny\nz\nx\ny\nz", "2"]]


def quote_all(separator: str) -> str:
    """Return the table with quotes around all cells and without a line end behind the last row."""
    return "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in TABLE)


@pytest.mark.parametrize("separator", [",", ", ", ";", ";  ", "\t"])
def test_quotes_around_all_cells_and_spaces_before_them_do_not_count(
    separator: str, tmp_path: Path
) -> None:
    with read_bytes(quote_all(separator).encode(), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_ends_within_a_row_is_remarked(encoding: str, tmp_path: Path) -> None:
    text = make_csv()
    cut = text[: text.rindex("不合规") + 3]
    with read_bytes(cut.encode(encoding), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (6, [("row_cut", "7")])
        assert stored.contents.remarks[0].is_uncounted
    with read_bytes(text.rstrip().encode(encoding), tmp_path) as stored:
        assert list_remarks(stored) == []


@pytest.mark.parametrize("character", ["\x08", "\x7f", "\x9d", "\u2800", "\u200b"])
def test_invisible_characters_do_not_count_in_ids(character: str, tmp_path: Path) -> None:
    table = replace_cell(2, 4, f"sg-{character}0002{character}")
    with read_bytes(make_csv(table).encode(), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


def test_a_closed_quote_at_the_end_of_the_file_is_not_open(tmp_path: Path) -> None:
    content = b'a;b;c\n"1";"<a href=\'\'>x</a>";"3"'
    with read_bytes(content, tmp_path) as stored:
        assert read_cells(stored)[1] == ["1", "<a href=''>x</a>", "3"]
        assert "quote_open" not in [remark.code for remark in stored.contents.remarks]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_read(encoding: str, tmp_path: Path) -> None:
    with read_bytes(make_csv().encode(encoding), tmp_path) as stored:
        check_six_evaluations(stored)
