"""Read .xlsx files (OOXML, transitional and strict).

Only what cells need is read: the list of sheets, the texts, the number formats, the sheets. Every
other part (themes, properties, drawings, views) may be missing or damaged.
docs/decisions/readers.md says why no library reads these files.
"""

import datetime as dt
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from lxml import etree
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from .cells import SourceSheet
from .errors import WorkbookError
from .remarks import RemarkCode, RemarkCollector
from .text_encoding import REPLACEMENT
from .xlsx_cells import CellConverter, SharedStrings, build_cell_tags, read_string_item
from .xlsx_package import Relationship, XlsxPackage, open_package
from .xlsx_sheets import XlsxSheet
from .xlsx_styles import DateFormats, read_date_formats
from .xml_elements import read_elements, read_root_name
from .xml_repair import read_repaired_elements

_ROOTS_WITH_CELLS = ("worksheet", "macrosheet")
_ROOTS_WITHOUT_CELLS = ("chartsheet", "dialogsheet")


class NamedSheet(NamedTuple):
    """A sheet that the workbook names; `id` is that of the relationship to its part."""

    name: str
    is_hidden: bool
    id: str


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return all sheets that the workbook names. Raise WorkbookError, or any error of zipfile.

    Raise WorkbookError too if the workbook names sheets and none of them can be read.
    """
    with open_package(path) as package:
        workbook_part = package.find_workbook_part()
        with package.open_part(workbook_part) as file:
            named_sheets, epoch = _read_workbook(file)
        relationships = package.list_relationships(workbook_part)
        strings = _read_strings(package, _find_part(relationships, "sharedstrings"))
        formats = _read_formats(package, _find_part(relationships, "styles"), remarks)
        converter = CellConverter(strings, formats, epoch)
        part_of_id = {relationship.id: relationship.part for relationship in relationships}
        sheets = [
            _open_sheet(path, package, sheet, part_of_id.get(sheet.id), converter)
            for sheet in named_sheets
        ]
    if all(sheet.remarks.has_uncounted_remarks() for sheet in sheets):
        raise WorkbookError("corrupt", cause="no sheet")
    return sheets


def _read_workbook(file: IO[bytes]) -> tuple[list[NamedSheet], dt.datetime]:
    """Return the sheets that the workbook names, and the first day of its dates."""
    sheets: list[NamedSheet] = []
    epoch = WINDOWS_EPOCH
    for element in read_elements(file, "{*}sheets", "{*}workbookPr"):
        if etree.QName(element).localname == "workbookPr":
            if element.get("date1904") in ("1", "true", "on"):
                epoch = MAC_EPOCH
            continue
        for sheet in element.iterchildren("{*}sheet"):
            is_hidden = (sheet.get("state") or "visible") != "visible"
            sheets.append(NamedSheet(sheet.get("name") or "", is_hidden, _find_id(sheet)))
    return sheets, epoch


def _find_id(sheet: etree._Element) -> str:
    """Return the id of a sheet's relationship, in whichever namespace it stands."""
    for name, value in sheet.attrib.items():
        if str(name).endswith("}id"):
            return str(value)
    return ""


def _find_part(relationships: Iterable[Relationship], kind: str) -> str | None:
    return next((item.part for item in relationships if item.kind == kind and item.part), None)


def _read_strings(package: XlsxPackage, part: str | None) -> SharedStrings:
    """Return the texts to which cells refer by number."""
    texts: list[str] = []
    if part is None:
        return SharedStrings()
    tags = build_cell_tags("")
    has_lost_characters = False
    for element, is_repaired in read_repaired_elements(partial(package.open_part, part), "{*}si"):
        if not texts:  # the first one shows the namespace of all
            tags = build_cell_tags(str(element.tag).removesuffix("si"))
        text = read_string_item(element, tags)
        has_lost_characters |= is_repaired and REPLACEMENT in text
        texts.append(text)
    return SharedStrings(texts, has_lost_characters)


def _read_formats(package: XlsxPackage, part: str | None, remarks: RemarkCollector) -> DateFormats:
    """Return the formats that show dates; remark a part that cannot be read to its end."""
    if part is None:
        return DateFormats()
    try:
        with package.open_part(part) as file:
            formats, is_whole = read_date_formats(file)
    except WorkbookError:
        formats, is_whole = DateFormats(), False
    if not is_whole:
        remarks.add("formats_unread")
    return formats


def _open_sheet(
    path: Path,
    package: XlsxPackage,
    sheet: NamedSheet,
    part: str | None,
    converter: CellConverter,
) -> SourceSheet:
    """Return a sheet; one without cells, or one whose part cannot be read, has a remark."""
    if part is None:
        return _make_empty_sheet(sheet, "sheet_missing")
    try:
        with package.open_part(part) as file:
            root_name, prefix = read_root_name(file)
    except WorkbookError:
        return _make_empty_sheet(sheet, "sheet_unread")
    if root_name in _ROOTS_WITHOUT_CELLS:
        return _make_empty_sheet(sheet, "sheet_without_cells")
    if root_name not in _ROOTS_WITH_CELLS:
        return _make_empty_sheet(sheet, "sheet_unread")
    source = XlsxSheet(path, part, prefix, converter)
    return SourceSheet(
        sheet.name,
        sheet.is_hidden,
        source.read_rows,
        source.list_merged_ranges,
        source.remarks,
        longest_shared_text=converter.longest_text,
    )


def _make_empty_sheet(sheet: NamedSheet, code: RemarkCode) -> SourceSheet:
    """Return a sheet that shows nothing, with a remark that says why."""
    remarks = RemarkCollector()
    remarks.add(code)
    return SourceSheet(sheet.name, sheet.is_hidden, lambda: iter(()), list, remarks, False)
