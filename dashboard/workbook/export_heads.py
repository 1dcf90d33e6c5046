"""Recognise this product's own exports, so that they read back to the same evaluations."""

from collections.abc import Sequence

from .cells import Cell
from .invisible import remove_invisible
from .status_codes import normalise_label

# Labels that only the export of a report's resources has, in English and Chinese.
OWN_LABELS = (
    ("First report with this status", "Reports in a row", "No later than"),
    ("首次出现该状态的报告", "连续报告份数", "不晚于"),
)
_OWN_LABELS = tuple({normalise_label(label) for label in labels} for labels in OWN_LABELS)
# A spreadsheet reads a text that begins so as a formula; exports put an apostrophe before it.
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def is_own_export(labels: Sequence[str]) -> bool:
    """Return whether a header is that of this product's export of resources."""
    words = set(map(normalise_label, labels))
    return any(own_labels <= words for own_labels in _OWN_LABELS)


def undo_inert_rows(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Return the rows without the apostrophes that an export puts before formulas."""
    return [[_undo_inert_cell(cell) for cell in row] for row in rows]


def _undo_inert_cell(cell: Cell) -> Cell:
    if not isinstance(cell, str) or not cell.startswith("'"):
        return cell
    rest = cell[1:]
    begins_formula = remove_invisible(rest).lstrip().startswith(_FORMULA_BEGINNINGS)
    return rest if begins_formula or rest[:1] in ("\t", "\r", "\n") else cell
