"""Find the sheets that continue the list of the sheet before them without a header.

A program that writes a long list continues it on another sheet when the first one is full. A sheet
with other columns, such as an appendix, continues nothing.
"""

import re
from collections.abc import Callable, Sequence

from .cells import Cell, cell_to_text
from .headers import Header
from .identity_values import find_account_id
from .invisible import clean_text
from .regions import find_region_id
from .status_codes import parse_risk, parse_status
from .times import normalise_time
from .vocabulary import strip_sheet_number

_PROBED_ROWS = 20
# Names that a spreadsheet gives to sheets: they say nothing.
_GENERIC_NAMES = {"", "sheet", "工作表", "シート", "表", "table", "tab"}
_RULE_ID = re.compile(r"cr-.+", re.IGNORECASE)
# Columns whose values have a form by which they can be told from others.
_FORMS: dict[str, Callable[[str], object]] = {
    "rule_id": _RULE_ID.fullmatch,
    "status": parse_status,
    "risk": parse_risk,
    "resource_type": lambda text: "::" in text,
    "region": find_region_id,
    "account_id": find_account_id,
    "evaluated_at": normalise_time,
}


def continues_list(
    header: Header,
    previous_name: str,
    previous_rows: Sequence[Sequence[Cell]],
    name: str,
    rows: Sequence[Sequence[Cell]],
) -> bool:
    """Return whether the rows of a sheet without a header continue the list of the one before.

    `header` and `previous_rows` are of the sheet before; its rows are those below its header. Under
    another name, or one that a spreadsheet gives, the values must
    show it: at least one column has values of the same form.
    """
    base_name = strip_sheet_number(name)
    has_same_name = (
        base_name not in _GENERIC_NAMES and strip_sheet_number(previous_name) == base_name
    )
    widths = {len(row) for row in rows if row}
    if not widths or max(widths) < len(header.meanings) or max(widths) > len(header.labels):
        return False
    agreements = 0
    for column, meaning in header.meanings.items():
        has_form = _FORMS.get(meaning)
        texts = _list_texts(rows, column)
        previous_texts = _list_texts(previous_rows, column)
        if not has_form or not texts or not all(map(has_form, previous_texts)):
            continue
        if not all(map(has_form, texts)):
            return False
        agreements += bool(previous_texts)
    return has_same_name or agreements > 0


def _list_texts(rows: Sequence[Sequence[Cell]], column: int) -> list[str]:
    cells = [row[column] for row in rows[:_PROBED_ROWS] if column < len(row)]
    return [text for cell in cells if (text := clean_text(cell_to_text(cell)))]
