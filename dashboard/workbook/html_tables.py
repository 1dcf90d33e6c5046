"""Read the rows of one table of a web page."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from lxml import etree

from .cells import Cell, MergedRange, drop_empty_end
from .errors import WorkbookError
from .hidden_parts import HiddenParts
from .limits import XLSX_COLUMNS
from .remarks import RemarkCollector
from .text_encoding import REPLACEMENT
from .vocabulary import find_column_meaning

_MAXIMUM_SPAN = 1000  # columns or rows that one cell may cover
_EXAMINED_ROWS = 60
_CELL_TAGS = ("td", "th")
_SECTION_ORDER = {"thead": 0, "tfoot": 2}  # where browsers show a section; all others are between
_TAGS_WITHOUT_TEXT = frozenset(("script", "style", "template", "noscript", "head", "title"))
# Before and after these elements a new line begins.
_BLOCK_TAGS = (
    "address article blockquote br caption center dd div dl dt fieldset figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table tr ul"
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*collapse", re.IGNORECASE
)


_SEPARATORS = dict.fromkeys(_BLOCK_TAGS.split(), "\n") | dict.fromkeys(_CELL_TAGS, " ")


class HtmlTable:
    """A table of a page, with its own rows only: a table inside a cell is text of the cell.

    With `is_cut`, the last row is not whole and is left out.
    """

    def __init__(self, element: etree._Element, *, is_cut: bool = False) -> None:
        self.remarks = RemarkCollector()
        self._element = element
        self._is_cut = is_cut

    @property
    def is_hidden(self) -> bool:
        return is_hidden(self._element)

    def read_rows(self) -> Iterator[list[Cell]]:
        """Yield the rows; a merged cell has its text in the first place that it covers."""
        hidden = HiddenParts()
        for first, last in self._list_hidden_columns():
            hidden.add_columns(first, last)
        for number, (element, row) in enumerate(self._read_all_rows([])):
            if row:
                hidden.add_row(number, len(row), is_hidden=_is_row_hidden(element))
            if any(isinstance(cell, str) and REPLACEMENT in cell for cell in row):
                self.remarks.add("characters_lost", number)
            yield row
        for column in self._list_columns_of_hidden_cells():
            hidden.add_columns(column, column)
        hidden.add_remark(self.remarks)

    def list_merged_ranges(self) -> list[MergedRange]:
        """Return the cells that cover several rows or columns."""
        ranges: list[MergedRange] = []
        for _element_and_row in self._read_all_rows(ranges):
            pass
        return ranges

    def is_data(self) -> bool:
        """Return whether the table lists something, and does not only arrange other tables.

        It does if its own cells hold known column heads, or several rows of several texts.
        """
        rows_with_texts = 0
        for element in islice(self._row_elements, _EXAMINED_ROWS):
            own_texts = [_read_own_text(cell) for cell in element if cell.tag in _CELL_TAGS]
            texts = [text for text in own_texts if text]
            rows_with_texts += len(texts) > 1
            known_heads = {find_column_meaning(text).meaning for text in texts} - {""}
            if len(known_heads) > 1 or rows_with_texts > 1:
                return True
        return False

    @property
    def row_count(self) -> int:
        return len(self._row_elements)

    @cached_property
    def _row_elements(self) -> list[etree._Element]:
        """The rows in the order in which browsers show them."""
        rows = []
        walker = etree.iterwalk(self._element, events=("start",), tag=("tr", "table"))
        for _event, element in walker:
            if element.tag == "tr":
                rows.append(element)
            elif element is not self._element:
                walker.skip_subtree()  # tables may be nested deeply
        if self._is_cut:
            rows = rows[:-1]
        return sorted(rows, key=_find_section_order)

    def _list_hidden_columns(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last column of each `<col>` that is hidden."""
        column = 0
        for element in self._element.iter("col"):
            if _find_table(element) is self._element:
                width = _read_span(element, "span")
                if is_hidden(element):
                    yield column, column + width - 1
                column += width

    def _list_columns_of_hidden_cells(self) -> list[int]:
        """Return the columns of which at least half of the cells are hidden one by one."""
        cells = [
            cell
            for cell in self._element.iterfind(".//td[@style]")
            if is_hidden(cell) and _find_table(cell) is self._element
        ]
        counts = Counter(sum(1 for _cell in cell.itersiblings(preceding=True)) for cell in cells)
        return [column for column, count in counts.items() if 2 * count >= self.row_count]

    def _read_all_rows(
        self, ranges: list[MergedRange]
    ) -> Iterator[tuple[etree._Element, list[Cell]]]:
        """Yield each row with its element; add the merged cells to `ranges`."""
        rows_covered_by_column: dict[int, int] = {}  # how many more rows a cell above covers
        for number, element in enumerate(self._row_elements):
            row: list[Cell] = []
            covered_below: dict[int, int] = {}
            for cell in element:
                if cell.tag not in _CELL_TAGS:
                    continue
                while rows_covered_by_column.get(len(row)):
                    row.append(None)
                width, height = _read_span(cell, "colspan"), self._read_height(cell, number)
                column = len(row)
                if height > 1:
                    covered_below |= dict.fromkeys(range(column, column + width), height - 1)
                if height > 1 or width > 1:
                    ranges.append(
                        MergedRange(number, number + height - 1, column, column + width - 1)
                    )
                row += [read_element_text(cell), *[None] * (width - 1)]
                if len(row) > XLSX_COLUMNS:
                    raise WorkbookError("corrupt", cause="columns")
            rows_covered_by_column = {
                column: rows - 1 for column, rows in rows_covered_by_column.items() if rows > 1
            } | covered_below
            yield element, drop_empty_end(row)

    def _read_height(self, cell: etree._Element, row: int) -> int:
        """Return how many rows a cell covers; `rowspan="0"` means all that follow."""
        rows_left = self.row_count - row
        if (cell.get("rowspan") or "").strip() == "0":
            return rows_left
        return min(_read_span(cell, "rowspan"), rows_left)


def is_hidden(element: etree._Element) -> bool:
    """Return whether an element says that it is not shown."""
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


def _is_row_hidden(row: etree._Element) -> bool:
    parent = row.getparent()
    in_hidden_section = parent is not None and parent.tag != "table" and is_hidden(parent)
    return in_hidden_section or is_hidden(row)


def _find_table(element: etree._Element) -> etree._Element | None:
    """Return the innermost table around an element."""
    return next(element.iterancestors("table"), None)


def _find_section_order(row: etree._Element) -> int:
    parent = row.getparent()
    return 1 if parent is None else _SECTION_ORDER.get(str(parent.tag), 1)


def _read_span(cell: etree._Element, attribute: str) -> int:
    """Return the number in an attribute such as `colspan`; 1 if it is missing or malformed."""
    value = (cell.get(attribute) or "1").strip()
    if not (value.isascii() and value.isdigit()):
        return 1
    return min(max(int(value[:9]), 1), _MAXIMUM_SPAN)


def read_element_text(element: etree._Element) -> str | None:
    """Return the text of an element with single spaces; None if it is empty.

    A block such as <p>, and <br>, begins a new line; empty lines are left out.
    """
    if not len(element):  # nearly all cells
        return " ".join((element.text or "").split()) or None
    return _join_lines(_iterate_texts(element, without_tables=False))


def _read_own_text(element: etree._Element) -> str | None:
    """Return the text of an element without that of the tables inside it."""
    return _join_lines(_iterate_texts(element, without_tables=True))


def _join_lines(parts: Iterable[str]) -> str | None:
    """Return the joined parts with single spaces and without empty lines; None if all are empty."""
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(filter(None, lines)) or None


def _iterate_texts(element: etree._Element, *, without_tables: bool) -> Iterator[str]:
    """Yield the texts inside an element, with line ends around blocks.

    Line ends in the page itself are only spaces. This is no recursion: elements may be nested
    deeply.
    """
    skipped_tags = _TAGS_WITHOUT_TEXT | ({"table"} if without_tables else set())
    walker = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, node in walker:
        if event in ("start", "end") and node is not element:
            yield _SEPARATORS.get(node.tag, "")
        if event == "start" and node.tag in skipped_tags:
            walker.skip_subtree()
        elif event == "start":
            yield (node.text or "").replace("\n", " ")
        elif node is not element:
            yield (node.tail or "").replace("\n", " ")
