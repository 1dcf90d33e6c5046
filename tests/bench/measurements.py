"""One measured figure with its limit, and the line of the table that shows it."""

from dataclasses import dataclass

LABEL_WIDTH = 66
TABLE_HEAD = f"{'figure':<{LABEL_WIDTH}} {'measured':>14} {'at most':>14}  {'':<5}  how"


@dataclass(frozen=True)
class Measurement:
    """`value` and `limit` are in the same `unit`; the unit "x" means a ratio."""

    label: str
    value: float
    limit: float
    unit: str = "x"
    note: str = ""

    @property
    def is_within_limit(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        value, limit = (f"{number:,.4g} {self.unit}" for number in (self.value, self.limit))
        verdict = "ok" if self.is_within_limit else "short"
        return f"{self.label:<{LABEL_WIDTH}} {value:>14} {limit:>14}  {verdict:<5}  {self.note}"


def compare_seconds(label: str, ours: float, floor: float, limit: float) -> Measurement:
    """Return the ratio of our seconds to the floor's, with both in the note."""
    return Measurement(label, ours / floor, limit, note=f"{ours:.2f} s / {floor:.2f} s")
