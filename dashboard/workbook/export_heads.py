"""Recognise this product's own exports, so that they read back to the same evaluations."""

from collections.abc import Sequence

from .cells import Cell
from .inert_texts import restore_inert_text
from .status_codes import normalise_label

# Labels that only the export of a report's resources has, in English and Chinese.
OWN_LABELS = (
    ("First report with this status", "Reports in a row", "Compared with"),
    ("首次出现该状态的报告", "连续报告份数", "比较值"),
)
_OWN_LABELS = tuple({normalise_label(label) for label in labels} for labels in OWN_LABELS)


def is_own_export(labels: Sequence[str]) -> bool:
    """Return whether a header is that of this product's export of resources."""
    words = set(map(normalise_label, labels))
    return any(own_labels <= words for own_labels in _OWN_LABELS)


def undo_inert_rows(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Return the rows without the apostrophes that an export puts before formulas."""
    return [
        [restore_inert_text(cell) if isinstance(cell, str) else cell for cell in row]
        for row in rows
    ]
