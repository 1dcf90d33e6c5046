"""The parts of .xlsx files: which sheets there are, and what may be missing or damaged."""

import io
import zipfile
from pathlib import Path

import pytest

from dashboard.workbook import WorkbookError
from tests.workbook import xlsx_files
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.xlsx_files import (
    MAIN,
    OVERVIEW_PART,
    RELATIONSHIPS,
    ROWS_PART,
    STRINGS_PART,
    STYLES_PART,
    WORKBOOK_PART,
    WORKBOOK_RELATIONSHIPS,
    assert_six_evaluations,
    build_file,
    build_parts,
    list_remarks,
    replace_once,
)

EMPTY_PARTS = ("docProps/core.xml", "docProps/app.xml", "xl/theme/theme1.xml")
STRICT_NAMESPACES = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    RELATIONSHIPS: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}


def assert_read_whole(parts: dict[str, str], folder: Path) -> None:
    """Fail unless the parts give the six evaluations and no remark."""
    with read_bytes(build_file(parts), folder) as stored:
        assert_six_evaluations(stored)
        assert list_remarks(stored) == []


def test_parts_without_cells_may_be_damaged_or_missing(tmp_path: Path) -> None:
    assert_read_whole(build_parts() | dict.fromkeys(EMPTY_PARTS, "<no xml"), tmp_path)


@pytest.mark.parametrize(
    "style", ["<fills><fill/></fills>", "<fonts><font><sz val='x'/></font></fonts>", "<x y='1'/>"]
)
def test_styles_other_than_number_formats_are_not_looked_at(style: str, tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, STYLES_PART, "<cellStyleXfs>", f"{style}<cellStyleXfs>")
    assert_read_whole(parts, tmp_path)


def test_damaged_styles_are_remarked(tmp_path: Path) -> None:
    with read_bytes(build_file(build_parts() | {STYLES_PART: "<styleSheet"}), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert list_remarks(stored) == [("formats_unread", None, "", {})]


def test_strict_ooxml_is_read(tmp_path: Path) -> None:
    parts = build_parts()
    for name, part in parts.items():
        for transitional, strict in STRICT_NAMESPACES.items():
            part = part.replace(transitional, strict)
        parts[name] = part
    assert_read_whole(parts, tmp_path)


def test_elements_with_a_prefix_are_read(tmp_path: Path) -> None:
    parts = build_parts()
    merge = '<mergeCells><mergeCell ref="A2:A4"/></mergeCells></worksheet>'
    replace_once(parts, ROWS_PART, "</worksheet>", merge)
    for name in (ROWS_PART, STRINGS_PART, WORKBOOK_PART):
        part = parts[name].replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
        parts[name] = part.replace("xmlns=", "xmlns:x=")
    assert_read_whole(parts, tmp_path)


@pytest.mark.parametrize(
    "target",
    [
        "worksheets\\sheet2.xml",
        "\\xl\\worksheets\\sheet2.xml",
        "./worksheets/../worksheets/sheet2.xml",
        "../xl/worksheets/sheet2.xml",
        "xl/worksheets/sheet2.xml",
        "Worksheets/SHEET2.XML",
        "worksheets/sheet%32.xml",
    ],
)
def test_the_target_of_a_sheet_is_found_however_it_is_written(target: str, tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, WORKBOOK_RELATIONSHIPS, "/xl/worksheets/sheet2.xml", target)
    assert_read_whole(parts, tmp_path)


def test_names_of_parts_compare_without_case_and_slashes(tmp_path: Path) -> None:
    assert_read_whole({name.swapcase(): part for name, part in build_parts().items()}, tmp_path)
    backslashes = {name.replace("/", "\\"): part for name, part in build_parts().items()}
    assert_read_whole(backslashes, tmp_path)
    assert_read_whole({f"./{name}": part for name, part in build_parts().items()}, tmp_path)


def test_of_parts_that_differ_by_case_the_exact_name_is_taken(tmp_path: Path) -> None:
    other_part = {STRINGS_PART.upper(): f'<sst xmlns="{MAIN}"/>'}
    assert_read_whole(other_part | build_parts(), tmp_path)


@pytest.mark.parametrize("part", ["[Content_Types].xml", "_rels/.rels"])
def test_a_workbook_with_its_usual_name_needs_no_directory(part: str, tmp_path: Path) -> None:
    parts = build_parts()
    del parts[part]
    assert_read_whole(parts, tmp_path)
    assert_read_whole(parts | {part: "<damaged"}, tmp_path)


def test_a_workbook_part_may_have_any_name(tmp_path: Path) -> None:
    parts = build_parts()
    parts["xl/book.xml"] = parts.pop(WORKBOOK_PART)
    parts["xl/_rels/book.xml.rels"] = parts.pop(WORKBOOK_RELATIONSHIPS)
    replace_once(parts, "_rels/.rels", "xl/workbook.xml", "xl/book.xml")
    assert_read_whole(parts, tmp_path)


def test_a_package_that_is_no_workbook_is_of_no_known_kind(tmp_path: Path) -> None:
    parts = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"}
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(build_file(parts), tmp_path)
    assert error_info.value.code == "unknown"


@pytest.mark.parametrize("name", ["不合规资源", "检测结果"])
def test_a_sheet_whose_part_is_missing_is_named_and_lists_nothing(
    name: str, tmp_path: Path
) -> None:
    parts = build_parts(name=name)
    del parts[ROWS_PART]
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert [(sheet.name, sheet.is_read) for sheet in stored.contents.sheets] == [
            ("检测概览", True),
            (name, False),
        ]
        assert list_remarks(stored) == [("sheet_missing", 1, "", {})]
        assert "NON_COMPLIANT" not in stored.contents.lists or name == "检测结果"


@pytest.mark.parametrize("part", ["", "no XML", "<other/>", f'<styleSheet xmlns="{MAIN}"/>'])
def test_a_sheet_whose_part_is_no_sheet_is_named_as_unread(part: str, tmp_path: Path) -> None:
    with read_bytes(build_file(build_parts() | {ROWS_PART: part}), tmp_path) as stored:
        assert len(stored.contents.sheets) == 2
        assert list_remarks(stored) == [("sheet_unread", 1, "", {})]


@pytest.mark.parametrize("root", ["chartsheet", "dialogsheet"])
def test_a_chart_is_shown_as_a_sheet_without_cells(root: str, tmp_path: Path) -> None:
    parts = build_parts()
    parts["xl/chartsheets/sheet1.xml"] = f'<{root} xmlns="{MAIN}"><drawing/></{root}>'
    sheets = {"检测概览": "rId1", "图": "rId9", "检测结果": "rId2"}
    parts[WORKBOOK_PART] = xlsx_files.build_workbook(sheets)
    relationship = (
        f'<Relationship Id="rId9" Type="{RELATIONSHIPS}/{root}" Target="chartsheets/sheet1.xml"/>'
    )
    replace_once(
        parts, WORKBOOK_RELATIONSHIPS, "</Relationships>", f"{relationship}</Relationships>"
    )
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert [sheet.name for sheet in stored.contents.sheets] == ["检测概览", "图", "检测结果"]
        assert list_remarks(stored) == [("sheet_without_cells", 1, "", {})]


def test_a_macro_sheet_is_read_like_a_worksheet(tmp_path: Path) -> None:
    parts = build_parts()
    namespace = "http://schemas.microsoft.com/office/excel/2006/main"
    part = parts[ROWS_PART].replace("<worksheet ", f'<xm:macrosheet xmlns:xm="{namespace}" ')
    parts[ROWS_PART] = part.replace("</worksheet>", "</xm:macrosheet>")
    assert_read_whole(parts, tmp_path)


def test_a_workbook_of_which_no_sheet_can_be_read_is_refused(tmp_path: Path) -> None:
    parts = build_parts()
    del parts[WORKBOOK_RELATIONSHIPS]
    with pytest.raises(WorkbookError) as error_info:
        read_bytes(build_file(parts), tmp_path)
    assert error_info.value.facts == {"cause": "no sheet"}


def test_sheets_of_the_same_name_are_all_shown(tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, WORKBOOK_PART, 'name="检测概览"', 'name="检测结果"')
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert [sheet.name for sheet in stored.contents.sheets] == ["检测结果", "检测结果"]
        assert read_cells(stored, 0)[0] == ["合规包名称", "示例"]
        assert stored.contents.rows == 6


def test_a_zip_that_was_written_as_a_stream_is_read(tmp_path: Path) -> None:
    class Stream(io.RawIOBase):
        """A target that cannot seek, so that sizes stand behind the members."""

        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.content += bytes(data)
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in build_parts().items():
            archive.writestr(name, part)
        archive.writestr("litter/", "")
        archive.writestr("Thumbs.db", "litter")
    with read_bytes(stream.content, tmp_path) as stored:
        assert_six_evaluations(stored)


def test_entities_of_a_dtd_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    for part in (WORKBOOK_PART, STRINGS_PART, OVERVIEW_PART, ROWS_PART):
        parts = build_parts()
        parts[part] = bomb + parts[part].replace("<sheetData>", "<sheetData>&b;")
        with pytest.raises(WorkbookError) as error_info:
            read_bytes(build_file(parts), tmp_path)
        assert error_info.value.code == "bomb"
