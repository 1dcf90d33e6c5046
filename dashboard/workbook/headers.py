"""Find the header of a sheet, the meaning of each column, and the role of the sheet.

Meanings are the keys of COLUMN_WORDS (such as rule_id). The role says what a sheet lists (see
SheetInfo).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .cells import Cell
from .column_values import find_uncertain_columns
from .invisible import clean_text
from .times import normalise_time
from .vocabulary import (
    find_column_meaning,
    find_sheet_role,
    is_certain_label,
    list_uncertain_meanings,
)

HEADER_SEARCH_ROWS = 60  # a header is searched for in this many rows at the start of a sheet
EVALUATION_ROLES = {"non_compliant", "compliant", "ignored", "evaluations"}
STATUS_ROLES = EVALUATION_ROLES - {"evaluations"}  # a sheet with this role has one status
_RULE_MEANINGS = {"rule_name", "rule_id"}
_RESOURCE_MEANINGS = {"resource_id", "resource_name"}
_TOTAL_MEANINGS = {"compliant", "non_compliant", "total"}
# If two languages are equally frequent in a file, the one that comes first here counts.
_LANGUAGES_BY_FREQUENCY = ("zh-Hans", "en", "zh-Hant", "ja")
_DATA_TEXT = re.compile(r"cr-[0-9a-z]{4,}|acs::\S+|\d+|[a-z]{2}-[a-z]+(?:-\d)?", re.IGNORECASE)
_CERTAIN_LABELS = 4  # a row with so many labels is no data row


@dataclass
class Header:
    """The header of a sheet; `row` is the index of its last row.

    `meanings` gives the meaning of each recognised column by its index, `labels` the text above
    each column, `languages` the languages of the labels. `certain` counts the meanings of labels
    that cannot be values.
    """

    row: int
    meanings: dict[int, str]
    languages: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    certain: int = 0

    def has_meaning(self, meaning: str) -> bool:
        return meaning in self.meanings.values()

    def identifies_rules(self) -> bool:
        """Return whether a column gives the name or the id of a rule."""
        return not _RULE_MEANINGS.isdisjoint(self.meanings.values())

    def identifies_resources(self) -> bool:
        """Return whether a column gives the name or the id of a resource."""
        return not _RESOURCE_MEANINGS.isdisjoint(self.meanings.values())

    def identifies_evaluations(self) -> bool:
        return self.identifies_rules() and self.identifies_resources()


def find_header(first_rows: Sequence[Sequence[Cell]]) -> Header | None:
    """Return the header of a sheet; None if no row has at least two labels that are no values.

    The first row that names rules and resources is the header, or else the row with the most
    meanings. A header is one row, or two rows of which the upper one has merged cells or says the
    same in another language.
    """
    best_header: Header | None = None
    rows_of_labels = [_read_labels(cells) for cells in first_rows]
    for row, labels in enumerate(rows_of_labels):
        header = _read_header_row(row, labels, first_rows[row])
        upper_labels = rows_of_labels[row - 1] if row else []
        joined = _join_header(row, upper_labels, labels, first_rows[row])
        header = _choose_header(header, joined)
        if header and header.identifies_evaluations():
            next_row = row + 1
            if next_row < len(first_rows):
                next_cells = first_rows[next_row]
                joined = _join_header(next_row, labels, rows_of_labels[next_row], next_cells)
                # With as many meanings, the two rows say the same in two languages.
                header = _choose_header(joined, header)
            best_header = header
            break
        best_header = _choose_header(best_header, header)
    if best_header:
        rows_below = first_rows[best_header.row + 1 :]
        best_header.meanings |= find_uncertain_columns(
            best_header.labels, best_header.meanings, rows_below
        )
    return best_header


def _read_labels(cells: Sequence[Cell]) -> list[str]:
    return [clean_text(cell) if isinstance(cell, str) else "" for cell in cells]


def _choose_header(first: Header | None, second: Header | None) -> Header | None:
    """Return the header with more meanings; the first if they have as many."""
    if first is None or second is None:
        return first or second
    counts = [(header.certain, len(header.meanings)) for header in (first, second)]
    return second if counts[1] > counts[0] else first


def _read_header_row(row: int, labels: list[str], cells: Sequence[Cell]) -> Header | None:
    """Return the header that a row makes; None if it is none."""
    if sum(map(bool, labels)) < 2:
        return None
    header = _read_header(row, labels, [""] * len(labels))
    return header if _is_header(header, cells) else None


def _is_header(header: Header, cells: Sequence[Cell]) -> bool:
    """Return whether the lowest row of a header, `cells`, can be one."""
    if header.certain < 2 and not (header.certain and len(set(header.meanings.values())) > 2):
        return False
    return header.certain >= _CERTAIN_LABELS or not any(map(_is_data_cell, cells))


def _is_data_cell(cell: Cell) -> bool:
    """Return whether a cell holds a value that no header has: a number, a time, an id."""
    if cell is None:
        return False
    if not isinstance(cell, str):
        return True
    text = clean_text(cell)
    return _DATA_TEXT.fullmatch(text) is not None or normalise_time(text) is not None


def _join_header(
    row: int, upper: list[str], lower: list[str], cells: Sequence[Cell]
) -> Header | None:
    """Return the header that two rows make together; None if the lower one is no header."""
    labels, parents = _align_header_rows(upper, lower)
    if not any(upper) or not _continues_header(upper, labels, parents):
        return None
    header = _read_header(row, labels, parents)
    return header if _is_header(header, cells) else None


def _align_header_rows(upper: list[str], lower: list[str]) -> tuple[list[str], list[str]]:
    """Return (labels, parents): the labels of the lower row, and for each its label above.

    An upper label is also the parent of the next columns to the right that have no upper label,
    because a merged cell stores its text only in its first column.
    """
    width = max(len(upper), len(lower))
    labels = lower + [""] * (width - len(lower))
    parents: list[str] = []
    for column, label in enumerate(labels):
        own_parent = upper[column] if column < len(upper) else ""
        left_parent = parents[-1] if parents and label else ""
        parents.append(own_parent or left_parent)
    return labels, parents


def _continues_header(upper: list[str], labels: list[str], parents: list[str]) -> bool:
    """Return whether a row of labels is the lower row of a header, and not a row of values.

    Below a known label only another known label may stand.
    """
    known = unknown = 0
    for column, (label, parent) in enumerate(zip(labels, parents, strict=True)):
        if not label:
            continue
        if is_certain_label(label) or find_column_meaning(f"{parent} {label}").is_exact:
            known += 1
            continue
        own_parent = upper[column] if column < len(upper) else ""
        if is_certain_label(own_parent) or list_uncertain_meanings(own_parent):
            return False
        unknown += 1
    return known > 0 and known >= unknown


def _read_header(row: int, labels: list[str], parents: list[str]) -> Header:
    """Return the header that these labels make; no two columns get the same meaning.

    First use the labels that are known words, then those that only begin with a known word.
    """
    header = Header(
        row, {}, labels=[label or above for label, above in zip(labels, parents, strict=True)]
    )
    certain = set()
    for exact_words in (True, False):
        for column, (label, parent) in enumerate(zip(labels, parents, strict=True)):
            for text in _list_label_texts(label, parent):
                meaning, language, is_exact = find_column_meaning(text)
                is_taken = column in header.meanings or header.has_meaning(meaning)
                if not meaning or is_exact is not exact_words or is_taken:
                    continue
                header.meanings[column] = meaning
                header.languages.append(language)
                if is_certain_label(text):
                    certain.add(meaning)
    header.certain = len(certain)
    return header


def _list_label_texts(label: str, parent: str) -> Iterator[str]:
    """Yield the texts to look up for a label: the label, then parent and label together."""
    yield label
    if parent:
        yield f"{parent} {label}" if label else parent


def detect_sheet_role(name: str, header: Header | None) -> str:
    """Return the role of a sheet (see SheetInfo): its columns decide, then its name.

    Return "" if neither tells the role. No status is guessed: a list of evaluations without a
    column for the status needs a name that tells it.
    """
    role, _language = find_sheet_role(name)
    if header and header.identifies_evaluations() and role not in STATUS_ROLES:
        return "evaluations" if header.has_meaning("status") else role
    if role or header is None or not header.identifies_rules() or header.identifies_resources():
        return role
    return "" if _TOTAL_MEANINGS.isdisjoint(header.meanings.values()) else "rules"


def has_evaluation_rows(role: str, header: Header) -> bool:
    """Return whether the rows below this header are evaluations."""
    return role in EVALUATION_ROLES and header.identifies_evaluations()


def lacks_status(role: str, header: Header) -> bool:
    """Return whether the rows below this header are evaluations whose status nothing tells."""
    return role not in EVALUATION_ROLES and header.identifies_evaluations()


def has_rule_rows(role: str, header: Header) -> bool:
    """Return whether the rows below this header are rules."""
    return role in {"rules", "overview"} and header.identifies_rules()


def detect_language(word_languages: Sequence[str]) -> str:
    """Return the most frequent of these languages; "" if there is none."""
    counts = Counter(language for language in word_languages if language)
    return max(_LANGUAGES_BY_FREQUENCY, key=lambda language: counts[language]) if counts else ""
