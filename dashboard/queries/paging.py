"""Paginate query sets, lists, and rows that a function loads, always with Django's paginator."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

from django.core.paginator import Page, Paginator

RowT = TypeVar("RowT")


class CountedRows(Sequence[RowT], Generic[RowT]):
    """A sequence whose length is known and whose rows are loaded only when it is sliced.

    `load(start, stop)` returns the rows of a slice.
    """

    def __init__(self, count: int, load: Callable[[int, int], list[RowT]]) -> None:
        self._count = count
        self._load = load

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> RowT: ...
    @overload
    def __getitem__(self, index: slice) -> list[RowT]: ...
    def __getitem__(self, index: int | slice) -> RowT | list[RowT]:
        if isinstance(index, int):
            return self._load(index, index + 1)[0]
        start, stop, _step = index.indices(self._count)
        return self._load(start, stop)


def paginate(rows: Any, number: int | str | None, per_page: int) -> Page[Any]:
    """Return one page of a query set or a sequence.

    A number beyond the end gives the last page, a text that is no number the first page.
    """
    return Paginator(rows, per_page).get_page(number)
