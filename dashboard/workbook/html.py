"""Read HTML tables, which some web applications save in a file named .xls."""

import re
from html import unescape
from pathlib import Path
from typing import NamedTuple

from lxml import etree, html

from .cells import SourceSheet
from .errors import WorkbookError
from .html_tables import HtmlTable, read_element_text
from .remarks import RemarkCollector
from .text_encoding import detect_encoding
from .xml_elements import explain_xml_error

_INVISIBLE_PARTS = re.compile(
    # One that is never closed ends with the page: else a search from each would take long.
    r"<!--.*?(?:-->|\Z)|<script\b.*?(?:</script>|\Z)|<style\b.*?(?:</style>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_HEADING_TAGS = ("h1", "h2", "h3", "h4")
# Excel's own description of the sheets, which stands in a comment.
_EXCEL_SHEET = re.compile(
    r"<x:ExcelWorksheet>(.*?)(?:</x:ExcelWorksheet>|\Z)", re.DOTALL | re.IGNORECASE
)
_EXCEL_NAME = re.compile(r"<x:Name>(.*?)</x:Name>", re.DOTALL | re.IGNORECASE)
_EXCEL_HIDDEN = re.compile(r"<x:Visible>\s*Sheet(Very)?Hidden", re.IGNORECASE)


class _ExcelSheet(NamedTuple):
    """A sheet in Excel's own description of the page."""

    name: str
    is_hidden: bool


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return each table that lists something; a table that only arranges others is no sheet.

    The name of a table is its caption, or what Excel's own description says, or the heading before
    it. Raise WorkbookError for a page without a table, for a sign-in page (which servers send in
    place of a file), and for a page that ends before any row is whole.
    """
    page = path.read_bytes().decode(detect_encoding(path), "replace").replace("\0", "")
    root = _parse_page(page)
    visible_page = _INVISIBLE_PARTS.sub("", page).lower()
    is_cut = visible_page.rfind("</table") < visible_page.rfind("<table")
    elements = _find_tables(root)
    if not elements or root.find(".//input[@type='password']") is not None:
        title = " ".join((root.findtext(".//title") or "").split())[:200]
        raise WorkbookError("error_page", title=title)
    tables = [HtmlTable(element) for element in elements]
    if is_cut:
        tables[-1] = HtmlTable(elements[-1], is_cut=_is_last_row_cut(visible_page))
        if len(tables) == 1 and tables[0].row_count < 2:
            raise WorkbookError("truncated")
        tables[-1].remarks.add("page_cut", max(tables[-1].row_count - 1, 0))
    elif "<html" in visible_page and "</html" not in visible_page:
        remarks.add("page_not_closed")
    excel_sheets = _read_excel_sheets(page, len(tables))
    headings = _list_headings(root, elements)
    sheets = [
        SourceSheet(
            _find_table_name(element, excel_sheet.name, heading),
            table.is_hidden or excel_sheet.is_hidden,
            table.read_rows,
            table.list_merged_ranges,
            table.remarks,
        )
        for element, table, excel_sheet, heading in zip(
            elements, tables, excel_sheets, headings, strict=True
        )
    ]
    return sheets + _list_missing_sheets(page, sheets)


def _parse_page(page: str) -> html.HtmlElement:
    """Return the root of a page, of whose declared encoding nothing is believed any more."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        return html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except etree.XMLSyntaxError as error:
        raise explain_xml_error(error) from error
    except etree.ParserError as error:  # nothing but comments
        raise WorkbookError("error_page", title="") from error


def _find_tables(root: html.HtmlElement) -> list[etree._Element]:
    """Return the tables that are sheets.

    A table with others inside it is one if it lists something itself; those inside it are texts of
    its cells then. A table inside a cell of a sheet is none.
    """
    tables: list[etree._Element] = []
    data_tables: set[etree._Element] = set()
    for table in root.iter("table"):
        if next(table.iterancestors("template", "noscript"), None) is not None:
            continue  # a browser does not show it
        if not data_tables.isdisjoint(table.iterancestors("table")):
            continue
        if table.find(".//tr") is None:
            continue
        if table.find(".//table") is None:
            tables.append(table)
        elif HtmlTable(table).is_data():
            tables.append(table)
            data_tables.add(table)
    return tables


def _is_last_row_cut(page: str) -> bool:
    """Return whether a page that ends within a table ends within a row; `page` is in lower case."""
    uses_end_tags = "</tr" in page
    last_row_start, last_row_end = page.rfind("<tr"), page.rfind("</tr>")
    return last_row_end < last_row_start if uses_end_tags else True


def _read_excel_sheets(page: str, table_count: int) -> list[_ExcelSheet]:
    """Return for each table the sheet in Excel's own description.

    Excel puts all tables of a page on one sheet. Other programs describe a sheet for each table.
    """
    sheets = _parse_excel_sheets(page)
    if len(sheets) == 1:
        return sheets * table_count
    if len(sheets) == table_count:
        return sheets
    return [_ExcelSheet("", is_hidden=False)] * table_count


def _parse_excel_sheets(page: str) -> list[_ExcelSheet]:
    """Return the sheets that Excel's own description names."""
    sheets = []
    for description in _EXCEL_SHEET.findall(page):
        name = _EXCEL_NAME.search(description)
        text = " ".join(unescape(name[1]).split()) if name else ""
        sheets.append(_ExcelSheet(text, bool(_EXCEL_HIDDEN.search(description))))
    return sheets


def _list_missing_sheets(page: str, sheets: list[SourceSheet]) -> list[SourceSheet]:
    """Return a sheet that shows nothing for each one that Excel names and the page does not hold.

    Excel writes each sheet into a page of its own if it saves several as web pages.
    """
    excel_sheets = _parse_excel_sheets(page)
    names = {sheet.name for sheet in sheets}
    if len(excel_sheets) <= len(sheets):
        return []
    missing_sheets = []
    for name, is_hidden in excel_sheets:
        if name not in names:
            remarks = RemarkCollector()
            remarks.add("sheet_missing")
            missing_sheets.append(
                SourceSheet(name, is_hidden, lambda: iter(()), list, remarks, is_readable=False)
            )
    return missing_sheets


def _list_headings(root: html.HtmlElement, tables: list[etree._Element]) -> list[str]:
    """Return for each table the text of the last heading before it; "" if it has none."""
    headings = []
    last_heading = ""
    waiting_tables = set(tables)
    for element in root.iter("table", *_HEADING_TAGS):
        if element in waiting_tables:
            headings.append(last_heading)
        elif element.tag in _HEADING_TAGS:
            last_heading = read_element_text(element) or ""
    return headings


def _find_table_name(table: etree._Element, excel_name: str, heading: str) -> str:
    """Return the caption of a table, or else its name in Excel, or else the heading before it."""
    caption = table.find("caption")
    if caption is not None:
        return read_element_text(caption) or ""
    return excel_name or heading
