"""What the values of a column tell about it, where its header alone does not.

A header such as "Status" or "Account" has more than one meaning: the values decide. A column with
an unknown header whose values look like a status, a risk or an identity is worth a remark.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from .cells import Cell, cell_to_text
from .identity_values import find_account_id, is_account_cell
from .invisible import clean_text
from .regions import find_region_id
from .status_codes import is_not_stated, parse_answer, parse_risk, parse_status
from .vocabulary import list_uncertain_meanings

_RULE_ID = re.compile(r"cr-[0-9a-z]{4,}", re.IGNORECASE)
_RESOURCE_ID = re.compile(r"[a-z]{1,8}-[0-9a-z]{8,}", re.IGNORECASE)
_LONGEST_VALUE = 60  # characters; a longer text is no status, region or id


def _is_status(cell: Cell) -> bool:
    return parse_status(cell_to_text(cell)) is not None


def _is_risk(cell: Cell) -> bool:
    return bool(parse_risk(cell_to_text(cell)))


def _is_risk_word(cell: Cell) -> bool:
    text = cell_to_text(cell)
    return len(text) > 1 and bool(parse_risk(text))


def _is_region(cell: Cell) -> bool:
    return bool(find_region_id(cell_to_text(cell)))


def _is_account(cell: Cell) -> bool:
    return bool(find_account_id(cell_to_text(cell)))


def _is_rule_id(cell: Cell) -> bool:
    return _RULE_ID.fullmatch(clean_text(cell_to_text(cell))) is not None


def _is_resource_id(cell: Cell) -> bool:
    return _RESOURCE_ID.fullmatch(clean_text(cell_to_text(cell))) is not None


# The form of the values below an uncertain header; for a status see _has_expected_form.
_UNCERTAIN_CHECKS: dict[str, Callable[[Cell], bool]] = {
    "account_id": is_account_cell,
    "risk": _is_risk,
}
# How the values of an unknown column look if it holds a meaning that a report must not lose.
_UNKNOWN_CHECKS: dict[str, Callable[[Cell], bool]] = {
    "status": _is_status,
    "risk": _is_risk_word,
    "region": _is_region,
    "account_id": _is_account,
    "rule_id": _is_rule_id,
    "resource_id": _is_resource_id,
}


def _has_expected_form(meaning: str, label: str, cell: Cell) -> bool:
    """Return whether a cell below an uncertain header may have this meaning."""
    if meaning == "status":
        return parse_answer(cell_to_text(cell), label) is not None
    return _UNCERTAIN_CHECKS[meaning](cell)


def find_uncertain_columns(
    labels: Sequence[str], meanings: Mapping[int, str], rows: Iterable[Sequence[Cell]]
) -> dict[int, str]:
    """Return the meanings of columns whose header has several, as far as their values tell.

    `meanings` are those that are known already. A list of accounts without an id is one of names.
    """
    found: dict[int, str] = {}
    rows = list(rows)
    known = set(meanings.values())
    for column, label in enumerate(labels):
        is_count = meanings.get(column) in ("compliant", "non_compliant")
        for meaning in list_uncertain_meanings(label):
            if column in found or meaning in known or (column in meanings and not is_count):
                continue
            values = _list_values(rows, column)
            fitting = sum(_has_expected_form(meaning, label, cell) for cell in values)
            if 2 * fitting > len(values) or (not values and not is_count):
                found[column] = meaning
                known.add(meaning)
            elif meaning == "account_id" and "account_name" not in known:
                found[column] = "account_name"
                known.add("account_name")
    return found


def list_unknown_columns(
    labels: Sequence[str], meanings: Mapping[int, str], rows: Sequence[Sequence[Cell]]
) -> list[int]:
    """Return the columns without a meaning whose values look like one that is missing."""
    width = max(map(len, rows), default=0)
    missing = [meaning for meaning in _UNKNOWN_CHECKS if meaning not in meanings.values()]
    unknown_columns = []
    for column in range(max(width, len(labels))):
        if column in meanings:
            continue
        values = _list_values(rows, column)
        if any(2 * sum(map(_UNKNOWN_CHECKS[name], values)) > len(values) for name in missing):
            unknown_columns.append(column)
    return unknown_columns


def _list_values(rows: Iterable[Sequence[Cell]], column: int) -> list[Cell]:
    """Return the values of a column without those that say nothing."""
    cells = [row[column] for row in rows if column < len(row)]
    return [
        cell
        for cell in cells
        if not isinstance(cell, str)
        or (len(cell) <= _LONGEST_VALUE and not is_not_stated(clean_text(cell)))
        if cell is not None
    ]
