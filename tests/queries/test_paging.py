"""The paginator over rows that functions count and load."""

import pytest

from dashboard.queries.paging import CountedRows, paginate


@pytest.fixture
def loaded_slices() -> list[tuple[int, int]]:
    """The slices that were loaded, in order."""
    return []


@pytest.fixture
def seven_rows(loaded_slices: list[tuple[int, int]]) -> CountedRows[int]:
    def load(start: int, stop: int) -> list[int]:
        loaded_slices.append((start, stop))
        return list(range(start, stop))

    return CountedRows(7, load)


def test_only_the_rows_of_the_page_are_loaded(
    seven_rows: CountedRows[int], loaded_slices: list[tuple[int, int]]
) -> None:
    page = paginate(seven_rows, 2, per_page=3)
    assert list(page) == [3, 4, 5]
    assert loaded_slices == [(3, 6)]
    assert (page.start_index(), page.end_index(), page.paginator.count) == (4, 6, 7)


def test_the_last_page_ends_with_the_rows(
    seven_rows: CountedRows[int], loaded_slices: list[tuple[int, int]]
) -> None:
    assert list(paginate(seven_rows, 3, per_page=3)) == [6]
    assert loaded_slices == [(6, 7)]


@pytest.mark.parametrize(("number", "shown"), [(99, 3), ("x", 1), (None, 1), ("2", 2), (0, 3)])
def test_a_number_that_is_no_page_gives_one_that_is(
    seven_rows: CountedRows[int], number: int | str | None, shown: int
) -> None:
    assert paginate(seven_rows, number, per_page=3).number == shown


def test_no_rows_are_one_empty_page() -> None:
    page = paginate(CountedRows(0, lambda start, stop: list(range(start, stop))), 5, per_page=3)
    assert (list(page), page.number, page.paginator.num_pages) == ([], 1, 1)
    assert page.start_index() == 0


def test_a_single_row_is_loaded_by_its_index(seven_rows: CountedRows[int]) -> None:
    assert seven_rows[4] == 4
    assert len(seven_rows) == 7
