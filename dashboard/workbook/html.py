"""HTML tables under a false .xls name."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree, html

from .cells import Cell, Table
from .errors import WorkbookError
from .markup import named
from .plaintext import encoding

_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_SPAN = 1000  # columns or rows one cell may cover


def tables(path: Path) -> list[Table]:
    """Every innermost table, named by its caption or the heading before it; a page without one is an error page."""
    data = path.read_bytes()
    coding = _encoding(path, data)
    try:
        root = html.document_fromstring(
            data, parser=html.HTMLParser(encoding=coding, no_network=True)
        )
    except etree.XMLSyntaxError as fault:
        raise named(fault) from fault
    title = " ".join((root.findtext(".//title") or "").split())[:200]
    found = [
        table
        for table in root.iter("table")
        if table.find(".//table") is None and table.find(".//tr") is not None
    ]
    if not found or root.find(".//input[@type='password']") is not None:
        raise WorkbookError("error_page", title=title)
    if not _has_its_end(data.decode(coding, "replace").lower()):
        raise WorkbookError("truncated")
    return [Table(_name(table), False, _rows(table)) for table in found]


def _has_its_end(page: str) -> bool:
    """Whether the last table is closed, and the page itself where it was opened."""
    return page.rfind("</table") > page.rfind("<table") and (
        "<html" not in page or "</html" in page
    )


def _encoding(path: Path, data: bytes) -> str:
    """What the bytes are throughout; the page's own word decides only between the encodings of Chinese and UTF-8."""
    found = encoding(path)
    declared = _CHARSET.search(data[:4096])
    if (
        found in ("utf-8", "gb18030")
        and declared
        and declared[1].lower() in (b"big5", b"shift_jis", b"euc-jp")
    ):
        return declared[1].decode()
    return "utf-8" if found == "utf-8-sig" else found


def _name(table: html.HtmlElement) -> str:
    caption = table.find("caption")
    before = table.xpath("preceding::*[self::h1 or self::h2 or self::h3 or self::h4][1]")
    heading = (
        caption
        if caption is not None
        else before[0]
        if isinstance(before, list) and before
        else None
    )
    return _text(heading) or "" if isinstance(heading, etree._Element) else ""


def _rows(table: html.HtmlElement) -> Callable[[], Iterator[list[Cell]]]:
    def rows() -> Iterator[list[Cell]]:
        covered: dict[int, int] = {}  # column -> rows below that a cell above still covers
        for tr in table.iter("tr"):
            row: list[Cell] = []
            below: dict[int, int] = {}
            for cell in tr:
                if cell.tag not in ("td", "th"):
                    continue
                while covered.get(len(row), 0):
                    row.append(None)
                if rows_covered := _span(cell, "rowspan") - 1:
                    below.update(
                        (len(row) + at, rows_covered) for at in range(_span(cell, "colspan"))
                    )
                row += [_text(cell), *[None] * (_span(cell, "colspan") - 1)]
            covered = {column: left - 1 for column, left in covered.items() if left > 1} | below
            yield row

    return rows


def _span(cell: etree._Element, name: str) -> int:
    words = (cell.get(name) or "1").strip()
    return min(max(int(words), 1), _SPAN) if words.isascii() and words.isdigit() else 1


def _text(cell: etree._Element) -> str | None:
    for line in cell.iter("br"):
        line.tail = "\n" + (line.tail or "")
    lines = ("".join(part for part in cell.itertext() if isinstance(part, str))).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines))) or None
