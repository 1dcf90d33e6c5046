"""Find the header of a sheet, the meaning of each column, and the role of the sheet.

Meanings are the keys of COLUMN_WORDS (such as rule_id). The role says what a sheet lists (see
SheetInfo).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .cells import Cell, cell_to_text
from .status_codes import normalise_label, parse_count, parse_risk
from .vocabulary import (
    COUNT_MEANINGS,
    find_column_meaning,
    find_count_basis,
    find_sheet_role,
    find_tally_meaning,
)

HEADER_SEARCH_ROWS = 60  # a header is searched for in this many rows at the start of a sheet
EVALUATION_ROLES = {"non_compliant", "compliant", "ignored", "evaluations"}
_RULE_MEANINGS = {"rule_name", "rule_id"}
_RESOURCE_MEANINGS = {"resource_id", "resource_name"}
_TOTAL_MEANINGS = {"compliant", "non_compliant", "total"}
_NON_COMPLIANCE_WORDS = tuple(
    map(normalise_label, ("不合规", "不合規", "non-compliance", "非準拠"))
)
# If two languages are equally frequent in a file, the one that comes first here counts.
_LANGUAGES_BY_FREQUENCY = ("zh-Hans", "en", "zh-Hant", "ja")


_FULL_WIDTH_COLON = "\uff1a"


@dataclass
class Header:
    """The header of a sheet; `row` is the index of its last row.

    `meanings` gives the meaning of each recognised column by its index, `languages` the languages
    of their labels.
    """

    row: int
    meanings: dict[int, str]
    languages: list[str] = field(default_factory=list)
    gives_reasons: bool = False  # a column gives the reason of non-compliance

    def has_meaning(self, meaning: str) -> bool:
        return meaning in self.meanings.values()

    def identifies_rules(self) -> bool:
        """Return whether a column gives the name or the id of a rule."""
        return not _RULE_MEANINGS.isdisjoint(self.meanings.values())

    def identifies_resources(self) -> bool:
        """Return whether a column gives the name or the id of a resource."""
        return not _RESOURCE_MEANINGS.isdisjoint(self.meanings.values())


def find_header(first_rows: Sequence[Sequence[Cell]]) -> Header | None:
    """Return the header with the most meanings; None if no row has at least two meanings.

    A header is one row, or two rows of which the upper row has merged cells.
    """
    best_header: Header | None = None
    most_meanings = 1
    upper_labels: list[str] = []
    for row, cells in enumerate(first_rows):
        labels = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        # Try the row alone, then together with the row above it.
        without_parents = labels, [""] * len(labels)
        for column_labels, parents in (without_parents, _join_header_rows(upper_labels, labels)):
            if sum(map(any, zip(column_labels, parents, strict=True))) <= most_meanings:
                continue  # too few labels to have more meanings; this saves time
            header = _read_header(row, column_labels, parents)
            meaning_count = len(set(header.meanings.values()))
            if meaning_count > most_meanings:
                best_header, most_meanings = header, meaning_count
        upper_labels = labels
    return best_header


def _join_header_rows(upper: list[str], lower: list[str]) -> tuple[list[str], list[str]]:
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


def _read_header(row: int, labels: Sequence[str], parents: Sequence[str]) -> Header:
    """Return the header that these labels make; no two columns get the same meaning.

    First use the labels that are known words, then those that only begin with a known word.
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
    """Yield the texts to look up for a label: the label, then parent and label together."""
    yield label
    if parent:
        yield f"{parent} {label}" if label else parent


def detect_sheet_role(name: str, header: Header | None) -> str:
    """Return the role of a sheet (see SheetInfo) by its name, or else by its columns.

    Return "" if neither tells the role.
    """
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
    """Return the most frequent of these languages; "" if there is none."""
    counts = Counter(language for language in word_languages if language)
    return max(_LANGUAGES_BY_FREQUENCY, key=lambda language: counts[language]) if counts else ""


def read_overview_values(rows: Sequence[Sequence[Cell]]) -> dict[str, str]:
    """Return the values of an overview sheet by the meaning of their labels.

    The value of a label is the text after its colon, or else the first text in the next three cells
    to the right, or else the cell below.
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


def read_overview_basis(rows: Sequence[Sequence[Cell]]) -> str:
    """Return what the status counts of an overview are of; "" if no label or not all agree."""
    labels = [_split_label(cell)[0] for row in rows for cell in row]
    bases = {
        find_count_basis(label)
        for label in labels
        if find_column_meaning(label).meaning in COUNT_MEANINGS
    } - {""}
    return bases.pop() if len(bases) == 1 else ""


def read_overview_tallies(rows: Sequence[Sequence[Cell]]) -> dict[str, int]:
    """Return the counts of rules and evaluations that an overview states, in all and by risk.

    The keys are those of OVERVIEW_TALLY_WORDS; in a table of risks ":" and the risk follow.
    """
    tallies: dict[str, int] = {}
    columns: dict[int, str] = {}  # of the table of risks
    for row in rows:
        texts = list(map(cell_to_text, row))
        meanings = {column: find_tally_meaning(text) for column, text in enumerate(texts) if text}
        if any(find_column_meaning(text).meaning == "risk" for text in texts):
            columns = meanings
            continue
        risk = parse_risk(texts[0]) if texts and columns else 0
        for column, text in enumerate(texts):
            name = f"{columns[column]}:{risk}" if risk and columns.get(column) else ""
            if not name and column and not risk:
                name = meanings.get(column - 1, "")
            count = parse_count(text)
            if name and count is not None:
                tallies.setdefault(name, count)
    return tallies


def _split_label(cell: Cell) -> tuple[str, str]:
    """Return (text before the colon, text after the colon) of a cell, both without spaces.

    The second text is "" without a colon; both are "" if the cell is not text.
    """
    if not isinstance(cell, str):
        return "", ""
    label, _colon, value = cell.replace(_FULL_WIDTH_COLON, ":", 1).partition(":")
    return label.strip(), value.strip()
