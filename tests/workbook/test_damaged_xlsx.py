"""Damaged .xlsx files: what can be read is read, and a remark says what cannot."""

import re
from pathlib import Path

import pytest

from dashboard.workbook import WorkbookError
from tests.sample_files import build_zip
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.xlsx_files import (
    OVERVIEW_PART,
    ROWS_PART,
    STRINGS_PART,
    STYLES_PART,
    WORKBOOK_PART,
    WORKBOOK_RELATIONSHIPS,
    build_file,
    build_parts,
    build_rows_sheet,
    build_workbook,
    list_remarks,
    replace_once,
)


def test_the_rows_before_damage_in_a_sheet_are_counted(tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, ROWS_PART, '<row r="5">', '<row r="5"')
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert stored.contents.rows == 3
        assert list_remarks(stored) == [("sheet_cut", 1, "4", {})]
        assert stored.contents.remarks[0].is_uncounted


def test_a_sheet_that_is_damaged_from_its_beginning_is_unread(tmp_path: Path) -> None:
    parts = build_parts(name="不合规资源")
    replace_once(parts, ROWS_PART, '<row r="1">', '<row r="1"')
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert list_remarks(stored) == [("sheet_unread", 1, "", {})]
        assert not stored.contents.sheets[1].is_read
        assert stored.contents.lists == []


def test_a_file_of_which_no_sheet_has_a_whole_row_is_damaged(tmp_path: Path) -> None:
    parts = build_parts()
    for part in (OVERVIEW_PART, ROWS_PART):
        replace_once(parts, part, '<row r="1">', '<row r="1"')
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(build_file(parts), tmp_path)
    assert error_info.value.code == "corrupt"


@pytest.mark.parametrize(
    ("written", "text", "is_lost"),
    [
        ("b&#1;c", "b\ufffdc", True),
        ("b\x01c", "b\ufffdc", True),
        ("b&#xD800;c", "b\ufffdc", True),
        ("R&D &amp; &#20013;", "R&D & 中", False),
        ("b&nbsp;c", "b&nbsp;c", False),
    ],
)
def test_texts_that_are_no_valid_xml_are_read(
    written: str, text: str, is_lost: bool, tmp_path: Path
) -> None:
    parts = build_parts()
    replace_once(parts, STRINGS_PART, "<t>b</t>", f"<t>{written}</t>")
    inline = f'<c r="F4" t="inlineStr"><is><t>{written}</t></is></c>'
    parts[ROWS_PART] = re.sub('<c r="F4".*?</c>', lambda _match: inline, parts[ROWS_PART])
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert stored.contents.rows == 6
        rows = read_cells(stored, 1)
        assert (rows[2][5], rows[3][5]) == (text, text)
        remarks = list_remarks(stored)
        assert remarks == ([("characters_lost", 1, "3-4", {})] if is_lost else [])


def test_bytes_that_are_no_utf8_are_read_as_lost_characters(tmp_path: Path) -> None:
    parts = {name: part.encode() for name, part in build_parts().items()}
    long_text = "规则" * 60_000  # goes over the blocks in which the file is read
    parts[STRINGS_PART] = parts[STRINGS_PART].replace(
        b"<t>a</t>", b"<t>a\xff</t></si><si><t>" + long_text.encode() + b"</t>"
    )
    parts[ROWS_PART] = parts[ROWS_PART].replace(b'<c r="G2" t="s"><v>14</v>', b'<c r="G2"/>')
    with read_bytes(build_zip(parts), tmp_path) as stored:
        assert read_cells(stored, 1)[1][5] == "a\ufffd"
        assert any(remark.code == "characters_lost" for remark in stored.contents.remarks)
        texts = {cell for row in read_cells(stored, 1) for cell in row}
        assert long_text in texts


def spoil_part(content: bytes, part: str) -> bytes:
    """Return a zip whose directory states a wrong checksum for a part."""
    spoiled = bytearray(content)
    entry = spoiled.rindex(part.encode()) - 46  # the fixed part of an entry of the directory
    assert spoiled[entry : entry + 4] == b"PK\x01\x02"
    spoiled[entry + 16] ^= 0xFF
    return bytes(spoiled)


def test_a_sheet_with_a_wrong_checksum_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    content = spoil_part(build_file(build_parts()), OVERVIEW_PART)
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.rows == 6
        assert list_remarks(stored) == [("sheet_unread", 0, "", {})]


def test_styles_with_a_wrong_checksum_cost_dates_only(tmp_path: Path) -> None:
    content = spoil_part(build_file(build_parts()), STYLES_PART)
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.rows == 6
        assert list_remarks(stored) == [("formats_unread", None, "", {})]


@pytest.mark.parametrize("part", [WORKBOOK_PART, WORKBOOK_RELATIONSHIPS, STRINGS_PART])
def test_a_damaged_part_of_the_workbook_is_the_cause(part: str, tmp_path: Path) -> None:
    content = spoil_part(build_file(build_parts()), part)
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(content, tmp_path)
    assert error_info.value.facts == {"cause": "damaged part", "part": part}


def test_half_a_character_in_an_escape_is_a_lost_character(tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(
        parts, STRINGS_PART, "<t>b</t>", "<t>_xC1EF__xD801__xDC05__xD801_8_x005F_x0030_</t>"
    )
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert read_cells(stored, 1)[2][5] == "쇯𐐅\ufffd8_x0030_"


def test_a_long_text_that_many_cells_share_is_a_bomb(tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, STRINGS_PART, "<t>b</t>", f"<t>{'b' * 1_000_000}</t>")
    number = parts[STRINGS_PART][: parts[STRINGS_PART].index("bb")].count("<si>") - 1
    cells = f'<c t="s"><v>{number}</v></c>' * 80
    replace_once(parts, ROWS_PART, "</sheetData>", f"<row>{cells}</row></sheetData>")
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(build_file(parts), tmp_path)
    assert error_info.value.code == "bomb"


def test_of_merged_ranges_that_overlap_the_first_one_holds(tmp_path: Path) -> None:
    parts = build_parts()
    merges = '<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A3:A4"/></mergeCells>'
    replace_once(parts, ROWS_PART, "</sheetData>", f"</sheetData>{merges}")
    parts[ROWS_PART] = re.sub('<c r="A3".*?</c>', "", parts[ROWS_PART])
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert [sum(rule.counts.values()) for rule in stored.contents.rules] == [3, 2, 1]


def test_an_integer_of_more_than_64_bits_keeps_its_digits(tmp_path: Path) -> None:
    parts = build_parts()
    number = "123456789012345678901234567890"
    cell = f'<c r="G2"><v>{number}</v></c>'
    parts[ROWS_PART] = re.sub('<c r="G2".*?</c>', cell, parts[ROWS_PART])
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert read_cells(stored, 1)[1][6] == int(number)


def test_an_empty_overview_alone_is_no_damage(tmp_path: Path) -> None:
    parts = build_parts()
    parts[WORKBOOK_PART] = build_workbook({"Summary": "rId1"})
    parts[OVERVIEW_PART] = build_rows_sheet("")
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert list_remarks(stored) == [("sheet_unrecognised", 0, "", {})]
