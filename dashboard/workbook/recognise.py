"""Where a sheet's header stands, what its columns mean, and what the sheet lists."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import columns
from .cells import Cell, text
from .codes import squeeze

HEAD = 60  # rows in which a header is looked for
_RULE = {"rule_name", "rule_id"}
_RESOURCE = {"resource_id", "resource_name"}
_COUNTS = {"compliant", "non_compliant", "total"}
_FAILING = tuple(map(squeeze, ("不合规", "不合規", "non-compliance", "非準拠")))


@dataclass
class Header:
    """The header of a table inside a sheet: `row` is its last row (from 0), `meanings` goes by column."""

    row: int
    meanings: dict[int, str]
    languages: list[str] = field(default_factory=list)
    failing: bool = False  # a column gives the reason of non-compliance

    def has(self, meaning: str) -> bool:
        """Whether a column has this meaning."""
        return meaning in self.meanings.values()


def header(head: Sequence[Sequence[Cell]]) -> Header | None:
    """The row, or the two rows one above the other, in which most columns are known; None where none has two."""
    best: Header | None = None
    most = 1
    above: list[str] = []
    for row, cells in enumerate(head):
        here = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        for labels, parents in ((here, [""] * len(here)), _joined(above, here)):
            if sum(map(any, zip(labels, parents, strict=True))) <= most:
                continue  # it cannot mean more than it says, so that few rows below the header are looked up
            found = _known(row, labels, parents)
            if (meanings := len(set(found.meanings.values()))) > most:
                best, most = found, meanings
        above = here
    return best


def _known(row: int, labels: Sequence[str], parents: Sequence[str]) -> Header:
    """Each label by itself, else together with the one above it (`Resource` over `ID`); whole words go first."""
    found = Header(row, {})
    for whole in (True, False):
        for column, (label, parent) in enumerate(zip(labels, parents, strict=True)):
            for words in (label, f"{parent} {label}" if label else parent) if parent else (label,):
                meaning, language, known = columns.column(words)
                if (
                    meaning
                    and known is whole
                    and column not in found.meanings
                    and not found.has(meaning)
                ):
                    found.meanings[column] = meaning
                    found.languages.append(language)
                    found.failing |= meaning == "reason" and any(
                        part in squeeze(words) for part in _FAILING
                    )
    return found


def _joined(above: list[str], here: list[str]) -> tuple[list[str], list[str]]:
    """Two rows of a merged head: a label above stands for its column, and for the empty ones to its right."""
    width = max(len(above), len(here))
    below = here + [""] * (width - len(here))
    parents: list[str] = []
    for column in range(width):
        own = above[column] if column < len(above) else ""
        parents.append(own or (parents[-1] if parents and below[column] else ""))
    return below, parents


def role(name: str, found: Header | None) -> str:
    """What a sheet lists, by its name, else by its columns."""
    by_name = columns.sheet(name)[0]
    if by_name:
        return by_name
    if found is None:
        return ""
    meanings = set(found.meanings.values())
    if meanings & _RULE and meanings & _RESOURCE:
        if "status" in meanings:
            return "evaluations"
        return "non_compliant" if found.failing else ""
    return "rules" if meanings & _RULE and meanings & _COUNTS else ""


def lists_evaluations(role: str, found: Header | None) -> bool:
    """Whether the rows below this header are evaluations."""
    meanings = set(found.meanings.values()) if found else set()
    return role in {"non_compliant", "compliant", "ignored", "evaluations"} and bool(
        meanings & _RULE and meanings & _RESOURCE
    )


def lists_rules(role: str, found: Header | None) -> bool:
    """Whether the rows below this header are rules."""
    meanings = set(found.meanings.values()) if found else set()
    return role in {"rules", "overview"} and bool(meanings & _RULE)


def language(words: Sequence[str]) -> str:
    """The language most of the words belong to; on a tie the one the cloud writes more often."""
    counted = Counter(word for word in words if word)
    return max(("zh-Hans", "en", "zh-Hant", "ja"), key=lambda one: counted[one]) if counted else ""


def labels(rows: Sequence[Sequence[Cell]]) -> dict[str, str]:
    """What an overview states: a known label, and the text to its right, else the text below it."""
    found: dict[str, str] = {}
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            label, colon, rest = _label(cell)
            meaning = columns.column(label)[0]
            if not meaning or meaning in found:
                continue
            right = (
                rest
                if colon and rest
                else next((text(one) for one in row[column + 1 : column + 4] if text(one)), "")
            )
            if not right or columns.column(right)[0]:
                below = rows[number + 1] if number + 1 < len(rows) else []
                right = text(below[column]) if column < len(below) else ""
            if right and not columns.column(right)[0]:
                found[meaning] = right
    return found


def _label(cell: Cell) -> tuple[str, str, str]:
    if not isinstance(cell, str):
        return "", "", ""
    label, colon, rest = cell.replace("\uff1a", ":", 1).partition(":")
    return label.strip(), colon, rest.strip()
