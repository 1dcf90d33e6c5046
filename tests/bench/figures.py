"""A figure: what was measured, what it must reach, and the line that says so."""

from dataclasses import dataclass

WIDTH = 66


@dataclass(frozen=True)
class Figure:
    """`measured` must not exceed `target`; `unit` is what both are in, `x` a ratio; `note` says how it came about."""

    what: str
    measured: float
    target: float
    unit: str = "x"
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.measured <= self.target

    def __str__(self) -> str:
        measured, target = (f"{value:,.4g} {self.unit}" for value in (self.measured, self.target))
        return f"{self.what:<{WIDTH}} {measured:>14} {target:>14}  {'ok' if self.ok else 'short':<5}  {self.note}"


HEAD = f"{'figure':<{WIDTH}} {'measured':>14} {'at most':>14}  {'':<5}  how"
