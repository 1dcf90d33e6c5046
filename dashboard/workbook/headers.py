"""Find the header of a sheet, the meaning of its columns, and what the sheet lists."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .cells import Cell, cell_to_text
from .status_codes import normalise_label
from .vocabulary import find_column_meaning, find_sheet_role

HEADER_SEARCH_ROWS = 60  # at the start of a sheet
EVALUATION_ROLES = {"non_compliant", "compliant", "ignored", "evaluations"}
_RULE_MEANINGS = {"rule_name", "rule_id"}
_RESOURCE_MEANINGS = {"resource_id", "resource_name"}
_TOTAL_MEANINGS = {"compliant", "non_compliant", "total"}
_NON_COMPLIANCE_WORDS = tuple(
    map(normalise_label, ("不合规", "不合規", "non-compliance", "非準拠"))
)
# A tie goes to the language that the cloud writes more often.
_LANGUAGES_BY_FREQUENCY = ("zh-Hans", "en", "zh-Hant", "ja")


@dataclass
class Header:
    """The header of a table; `row` is its last row in the sheet, from 0.

    `meanings` has the meanings of the columns (see COLUMN_WORDS), by their number.
    """

    row: int
    meanings: dict[int, str]
    languages: list[str] = field(default_factory=list)
    gives_reasons: bool = False  # a column gives the reason of non-compliance

    def has_meaning(self, meaning: str) -> bool:
        return meaning in self.meanings.values()

    def identifies_rules(self) -> bool:
        return not _RULE_MEANINGS.isdisjoint(self.meanings.values())

    def identifies_resources(self) -> bool:
        return not _RESOURCE_MEANINGS.isdisjoint(self.meanings.values())


def find_header(first_rows: Sequence[Sequence[Cell]]) -> Header | None:
    """Return the header that gives most columns a meaning; None if none gives two.

    A header is one row, or two rows of which the upper one has merged cells.
    """
    best_header: Header | None = None
    most_meanings = 1
    upper_labels: list[str] = []
    for row, cells in enumerate(first_rows):
        labels = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        without_parents = labels, [""] * len(labels)
        for column_labels, parents in (without_parents, _join_header_rows(upper_labels, labels)):
            if sum(map(any, zip(column_labels, parents, strict=True))) <= most_meanings:
                continue  # fewer labels cannot have more meanings; this saves most look-ups
            header = _read_header(row, column_labels, parents)
            meaning_count = len(set(header.meanings.values()))
            if meaning_count > most_meanings:
                best_header, most_meanings = header, meaning_count
        upper_labels = labels
    return best_header


def _join_header_rows(upper: list[str], lower: list[str]) -> tuple[list[str], list[str]]:
    """Return the labels of the lower row, and above each its parent label.

    A parent label covers the columns to its right that have a lower label and no parent of their
    own, as a merged cell does.
    """
    width = max(len(upper), len(lower))
    labels = lower + [""] * (width - len(lower))
    parents: list[str] = []
    for column, label in enumerate(labels):
        own_parent = upper[column] if column < len(upper) else ""
        left_parent = parents[-1] if parents and label else ""
        parents.append(own_parent or left_parent)
    return labels, parents


def _read_header(row: int, labels: Sequence[str], parents: Sequence[str]) -> Header:
    """Give each column the meaning of its label; a meaning goes to one column only.

    Labels that are known words come before those that only begin with one.
    """
    header = Header(row, {})
    for exact_words in (True, False):
        for column, (label, parent) in enumerate(zip(labels, parents, strict=True)):
            for text in _list_label_texts(label, parent):
                meaning, language, is_exact = find_column_meaning(text)
                is_taken = column in header.meanings or header.has_meaning(meaning)
                if not meaning or is_exact is not exact_words or is_taken:
                    continue
                header.meanings[column] = meaning
                header.languages.append(language)
                header.gives_reasons |= meaning == "reason" and any(
                    word in normalise_label(text) for word in _NON_COMPLIANCE_WORDS
                )
    return header


def _list_label_texts(label: str, parent: str) -> Iterator[str]:
    """Yield the texts by which a label may be known: itself, then together with its parent."""
    yield label
    if parent:
        yield f"{parent} {label}" if label else parent


def detect_sheet_role(name: str, header: Header | None) -> str:
    """Return the role of a sheet (see SheetInfo) by its name, else by its columns."""
    role, _language = find_sheet_role(name)
    if role:
        return role
    if header is None or not header.identifies_rules():
        return ""
    if header.identifies_resources():
        if header.has_meaning("status"):
            return "evaluations"
        return "non_compliant" if header.gives_reasons else ""
    return "" if _TOTAL_MEANINGS.isdisjoint(header.meanings.values()) else "rules"


def has_evaluation_rows(role: str, header: Header) -> bool:
    """Return whether the rows below this header are evaluations."""
    return role in EVALUATION_ROLES and header.identifies_rules() and header.identifies_resources()


def has_rule_rows(role: str, header: Header) -> bool:
    """Return whether the rows below this header are rules."""
    return role in {"rules", "overview"} and header.identifies_rules()


def detect_language(word_languages: Sequence[str]) -> str:
    """Return the most frequent language; "" if there is none."""
    counts = Counter(language for language in word_languages if language)
    return max(_LANGUAGES_BY_FREQUENCY, key=lambda language: counts[language]) if counts else ""


def read_overview_values(rows: Sequence[Sequence[Cell]]) -> dict[str, str]:
    """Return the values that an overview states, by the meaning of their label.

    A value stands behind the label's colon, else to the right of the label, else below it.
    """
    values: dict[str, str] = {}
    for number, row in enumerate(rows):
        next_row = rows[number + 1] if number + 1 < len(rows) else []
        for column, cell in enumerate(row):
            label, value = _split_label(cell)
            meaning = find_column_meaning(label).meaning
            if not meaning or meaning in values:
                continue
            if not value:
                texts_on_right = map(cell_to_text, row[column + 1 : column + 4])
                value = next(filter(None, texts_on_right), "")
            if not value or find_column_meaning(value).meaning:  # empty, or the next label
                value = cell_to_text(next_row[column]) if column < len(next_row) else ""
            if value and not find_column_meaning(value).meaning:
                values[meaning] = value
    return values


def _split_label(cell: Cell) -> tuple[str, str]:
    """Return (label, text behind its colon) of a cell."""
    if not isinstance(cell, str):
        return "", ""
    label, _colon, value = cell.replace("\uff1a", ":", 1).partition(":")
    return label.strip(), value.strip()
