"""Read HTML tables, which some web applications save in a file named .xls."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lxml import etree, html

from .cells import Cell, SourceSheet
from .errors import WorkbookError
from .remarks import RemarkCollector
from .text_encoding import detect_encoding
from .xml_elements import explain_xml_error

_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_MAXIMUM_SPAN = 1000  # columns or rows that one cell may cover


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return each table that has rows and no table inside it.

    The name of a table is its caption or the heading before it. Raise WorkbookError for a page
    without a table, for a sign-in page (which servers send in place of a file), and for a truncated
    page.
    """
    data = path.read_bytes()
    encoding = _detect_html_encoding(path, data)
    parser = html.HTMLParser(encoding=encoding, no_network=True)
    try:
        root = html.document_fromstring(data, parser=parser)
    except etree.XMLSyntaxError as error:
        raise explain_xml_error(error) from error
    tables = [
        table
        for table in root.iter("table")
        if table.find(".//table") is None and table.find(".//tr") is not None
    ]
    if not tables or root.find(".//input[@type='password']") is not None:
        title = " ".join((root.findtext(".//title") or "").split())[:200]
        raise WorkbookError("error_page", title=title)
    if not _is_page_complete(data.decode(encoding, "replace").lower()):
        raise WorkbookError("truncated")
    return [
        SourceSheet(_find_table_name(table), False, partial(_read_html_rows, table))
        for table in tables
    ]


def _is_page_complete(page: str) -> bool:
    """Return whether a page in lower case has the end tags of its last table and of <html>.

    The end tag of <html> is needed only if the page has the start tag.
    """
    is_table_closed = page.rfind("</table") > page.rfind("<table")
    return is_table_closed and ("<html" not in page or "</html" in page)


def _detect_html_encoding(path: Path, data: bytes) -> str:
    """Return the encoding of the page, found by its bytes.

    The charset that the page declares counts only if it is an East Asian encoding that cannot be
    found by the bytes.
    """
    encoding = detect_encoding(path)
    declaration = _CHARSET.search(data[:4096])
    if declaration and encoding in ("utf-8", "gb18030"):
        declared_encoding = declaration[1].lower()
        if declared_encoding in (b"big5", b"shift_jis", b"euc-jp"):
            return declared_encoding.decode()
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _find_table_name(table: html.HtmlElement) -> str:
    """Return the caption of a table, or else the nearest heading before it, or else ""."""
    caption = table.find("caption")
    if caption is not None:
        return _read_element_text(caption) or ""
    headings = table.xpath("preceding::*[self::h1 or self::h2 or self::h3 or self::h4][1]")
    if isinstance(headings, list) and headings and isinstance(headings[0], etree._Element):
        return _read_element_text(headings[0]) or ""
    return ""


def _read_html_rows(table: html.HtmlElement) -> Iterator[list[Cell]]:
    """Yield the rows of a table.

    A cell with `colspan` or `rowspan` has its text in the first place that it covers; the other
    places are empty.
    """
    rows_covered_by_column: dict[int, int] = {}  # how many more rows a cell above covers
    for table_row in table.iter("tr"):
        row: list[Cell] = []
        covered_below: dict[int, int] = {}
        for cell in table_row:
            if cell.tag not in ("td", "th"):
                continue
            while rows_covered_by_column.get(len(row)):
                row.append(None)
            width = _read_span(cell, "colspan")
            rows_below = _read_span(cell, "rowspan") - 1
            if rows_below:
                covered_below |= dict.fromkeys(range(len(row), len(row) + width), rows_below)
            row += [_read_element_text(cell), *[None] * (width - 1)]
        rows_covered_by_column = {
            column: rows - 1 for column, rows in rows_covered_by_column.items() if rows > 1
        } | covered_below
        yield row


def _read_span(cell: etree._Element, attribute: str) -> int:
    """Return the number in `colspan` or `rowspan`; 1 if it is missing or malformed."""
    value = (cell.get(attribute) or "1").strip()
    if not (value.isascii() and value.isdigit()):
        return 1
    return min(max(int(value), 1), _MAXIMUM_SPAN)


def _read_element_text(element: etree._Element) -> str | None:
    """Return the text of an element with single spaces; None if it is empty.

    Each <br> begins a new line; empty lines are left out.
    """
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    text = "".join(part for part in element.itertext() if isinstance(part, str))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(filter(None, lines)) or None
