"""The groups of a file's evaluations: the values that many of them share, and how many do."""

from typing import Any

from .contents import EvaluationGroup, EvaluationRow

# The fields of an EvaluationRow, in their order. marshal and orjson accept plain tuples only.
RowTuple = tuple[Any, ...]

# The texts of a row are the fields before this one.
TEXTS_END = EvaluationRow._fields.index("sheet")


class GroupTable:
    """The groups of a file by their numbers. Their rows are counted when all rows are known."""

    def __init__(self) -> None:
        self.groups: list[EvaluationGroup] = []
        self._row_counts: list[int] = []
        self._number_by_group: dict[EvaluationGroup, int] = {}

    def __getitem__(self, number: int) -> EvaluationGroup:
        return self.groups[number]

    def add(self, group: EvaluationGroup) -> int:
        """Add a group and return its number; equal groups of two sheets stay two groups."""
        number = len(self.groups)
        self.groups.append(group)
        self._row_counts.append(0)
        return number

    def find_or_add(self, group: EvaluationGroup) -> int:
        """Return the number of the group with these values that this method added; add it once."""
        number = self._number_by_group.get(group)
        if number is None:
            number = self._number_by_group[group] = self.add(group)
        return number

    def count_rows(self, rows: list[RowTuple]) -> None:
        counts = self._row_counts
        for row in rows:
            counts[row[3]] += 1

    def set_row_counts(self) -> None:
        """Set the number of rows of each group."""
        self.groups = [
            group._replace(rows=count)
            for group, count in zip(self.groups, self._row_counts, strict=True)
        ]

    def build_content_sort_key(self, row: RowTuple) -> tuple[Any, ...]:
        """Return what orders rows with the same key, whatever their places in file and list."""
        key, digest, _resource, group_number, *texts = row[:TEXTS_END]
        _rule, *values, _rows = self.groups[group_number]
        return key, digest, values, texts
