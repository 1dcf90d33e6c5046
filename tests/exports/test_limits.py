"""Exports keep the limits of Excel and of file systems, and say what was cut."""

import datetime as dt
import io

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.exports.tables import join_file_stem
from dashboard.exports.xlsx_texts import XLSX_CELL_UNITS, clean_xlsx_text, count_utf16_units
from dashboard.exports.xlsx_writer import XlsxWriter
from dashboard.text.formatting import format_number
from tests.exports.test_writers import make_table, write_workbook

TIME = dt.datetime(2026, 10, 1, 1, 12, tzinfo=dt.UTC)


@given(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=50),
    st.integers(0, 40_000),
)
@example("😀", XLSX_CELL_UNITS - 1)
@example("_x0041_", 5_000)
@example("a\r", 30_000)
def test_no_text_is_longer_than_a_cell(text: str, repeated: int) -> None:
    long_text = (text * (1 + repeated // max(1, len(text))))[:40_000]
    cleaned, is_cut = clean_xlsx_text(long_text)
    assert len(cleaned.encode("utf-16-le")) // 2 == count_utf16_units(cleaned) <= XLSX_CELL_UNITS
    assert cleaned.endswith("…") or not is_cut


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_a_character_that_xml_forbids_is_replaced(character: str) -> None:
    assert clean_xlsx_text(f"a{character}b") == ("a\ufffdb", False)


def test_the_sheet_about_the_table_says_what_was_cut() -> None:
    workbook = write_workbook(make_table([("😀" * 20_000, "x" * 40_000), ("short", "b")]))
    value = str(workbook["1"]["A2"].value)
    assert len(value.encode("utf-16-le")) // 2 <= XLSX_CELL_UNITS
    facts = workbook["About"].iter_rows(values_only=True)
    notes = [str(value) for name, value in facts if name == "Note"]
    assert len(notes) == 1
    assert notes[0].startswith(f"2 cells were cut to the {format_number(XLSX_CELL_UNITS)} char")


def test_rows_beyond_the_limit_of_a_sheet_continue_on_the_next_sheet() -> None:
    for count, titles in ((9, ["1", "1 (2)", "About"]), (4, ["1", "About"]), (0, ["1", "About"])):
        writer = XlsxWriter(make_table([(str(i), "b") for i in range(count)]), rows_per_sheet=6)
        writer.add_sheets()
        file = io.BytesIO()
        writer.save(file)
        workbook = openpyxl.load_workbook(file)
        assert workbook.sheetnames == titles
        rows = [
            row[0]
            for sheet in workbook.worksheets[:-1]
            for row in sheet.iter_rows(min_row=2, values_only=True)
        ]
        assert rows == [str(i) for i in range(count)]
        assert all(sheet["A1"].value == "A" for sheet in workbook.worksheets[:-1] if count)


@given(st.text(max_size=400), st.text(max_size=400), st.integers(0, 10**9))
@example("合规" * 200, "资源", 6)
@example("a\r\nb:c/d\\e\x85", "t" * 300, 6)
def test_a_file_name_fits_and_keeps_the_account_the_time_and_the_counts(
    pack_name: str, title: str, count: int
) -> None:
    stem = join_file_stem(pack_name, "1234567890123456", [TIME, TIME], title, count, count + 1)
    assert len(f"{stem}.xlsx".encode("utf-8", "surrogatepass")) <= 255
    assert stem.endswith(f"-{count}-of-{count + 1}")
    assert "-1234567890123456-20261001T0912+0800-20261001T0912+0800-" in stem
    assert not set(stem) & set('/\\:*?"<>|\r\n\0\x85')
