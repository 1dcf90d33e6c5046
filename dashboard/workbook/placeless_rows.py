"""Match rows of a file that do not state their place with the results that do.

The place of a resource is its account, region and type. A file may have a column for each, and a
cell of it may be empty or hold a name that is no id: such a row matches the only result of the same
rule and resource id, unless what it does state is another place. Of several such results it matches
the only one that may be at its place, or that has its type: the rows that match a single result
tell which type a word of the file, such as "ECS 实例", stands for.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Set
from pathlib import Path
from typing import NamedTuple

from .contents import EvaluationGroup
from .evaluation_groups import GroupTable, RowTuple
from .evaluation_hashes import hash_resource_id
from .identity_values import is_region_id
from .row_buckets import RowBuckets
from .stored_form import BUCKET_COUNT

# The meanings of the columns that name the place of a resource.
PLACE_MEANINGS = ("account_id", "region", "resource_type")
# The documented layout of a report has only this one.
DOCUMENTED_PLACE_MEANINGS = frozenset({"resource_type"})
_CODE_SEPARATOR = "::"  # of the parts of a resource type, such as ACS::ECS::Instance
MAXIMUM_ROWS_IN_MEMORY = 16_000  # of the file, and as many results

Place = tuple[str, str, str]  # account, region and type
TypesByWord = dict[str, set[str]]


class PlacedRow(NamedTuple):
    """What is needed of a row of the file to give its key to a result."""

    key: int
    resource: int
    group: int


class Candidates(NamedTuple):
    """Rows of the file and results of one rule and resource id, which may match."""

    file_rows: list[PlacedRow]  # with different keys
    results: list[RowTuple]


class PlacelessRows:
    """The rows of a file that do not state their place, by a hash of rule and resource id.

    Results that may match them wait here until all results are known. Both are on the disk, in
    `folder`, if they are many.
    """

    def __init__(self, folder: Path) -> None:
        self._file_rows = RowBuckets(folder, MAXIMUM_ROWS_IN_MEMORY, "placeless-rows")
        self._results = RowBuckets(folder, MAXIMUM_ROWS_IN_MEMORY, "placeless-results")
        self._pair_hashes = array(
            "Q"
        )  # of the rows of the file; sorted when the first result comes
        self._is_sorted = False

    def add_file_row(self, pair_hash: int, row: PlacedRow) -> None:
        """Remember a row of the file whose place is not known."""
        self._pair_hashes.append(pair_hash)
        self._file_rows.add((pair_hash, *row))
        self._file_rows.spill_if_full(1)

    def hold_result(self, row: RowTuple) -> bool:
        """Keep a result that may match a row of the file; return false if it matches none."""
        if not self._pair_hashes:
            return False
        if not self._is_sorted:
            self._pair_hashes = array("Q", sorted(set(self._pair_hashes)))
            self._is_sorted = True
        key, _digest, resource, _group, resource_id, *_others = row
        pair_hash = key ^ resource ^ hash_resource_id(resource_id)
        index = bisect_left(self._pair_hashes, pair_hash)
        if index == len(self._pair_hashes) or self._pair_hashes[index] != pair_hash:
            return False
        self._results.add((pair_hash, row))
        self._results.spill_if_full(1)
        return True

    def take_results(self, groups: GroupTable) -> Iterator[list[RowTuple]]:
        """Yield the results that were held, with the key of the file's row where they match."""
        types_by_word = self._learn_types(groups)
        for bucket in range(BUCKET_COUNT):
            rows: list[RowTuple] = []
            for file_rows, results in self._read_candidates(bucket):
                row_by_place = _match_places(
                    [(row, _get_place(groups[row.group])) for row in file_rows],
                    {_get_place(groups[result[3]]) for result in results},
                    types_by_word,
                )
                for result in results:
                    file_row = row_by_place.get(_get_place(groups[result[3]]))
                    if file_row:
                        result = (file_row.key, result[1], file_row.resource, *result[3:])
                    rows.append(result)
            yield rows
        self._file_rows.close()
        self._results.close()

    def _read_candidates(self, bucket: int) -> Iterator[Candidates]:
        """Yield the candidates of each rule and resource id that has results."""
        candidates: dict[int, Candidates] = {}
        for pair_hash, result in self._results.read(bucket):
            candidates.setdefault(pair_hash, Candidates([], [])).results.append(result)
        for pair_hash, *values in self._file_rows.read(bucket):
            if pair_hash in candidates:
                row, file_rows = PlacedRow(*values), candidates[pair_hash].file_rows
                if all(row.key != other_row.key for other_row in file_rows):
                    file_rows.append(row)
        yield from candidates.values()

    def _learn_types(self, groups: GroupTable) -> TypesByWord:
        """Return the types that words of the file stand for, from rows with a single result."""
        types_by_word: TypesByWord = {}
        for bucket in range(BUCKET_COUNT):
            for file_rows, results in self._read_candidates(bucket):
                places = {_get_place(groups[result[3]]) for result in results}
                if len(places) == len(file_rows) == 1:
                    [(_account, _region, resource_type)] = places
                    word = groups[file_rows[0].group].resource_type
                    types_by_word.setdefault(word, set()).add(resource_type.lower())
        return types_by_word


def _match_places(
    file_rows: list[tuple[PlacedRow, Place]], result_places: set[Place], types_by_word: TypesByWord
) -> dict[Place, PlacedRow]:
    """Return the row of the file for each place of a result that only this row may be at.

    All are of the same rule and resource id.
    """
    row_by_place: dict[Place, PlacedRow] = {}
    disputed_places: set[Place] = set()
    for row, place in file_rows:
        possible_places = [other for other in result_places if _may_be_same_place(place, other)]
        if len(possible_places) > 1:
            types = types_by_word.get(place[2], set())
            possible_places = [
                other for other in possible_places if len(types) == 1 and other[2].lower() in types
            ]
        if len(possible_places) == 1:
            [result_place] = possible_places
            if result_place in row_by_place:
                disputed_places.add(result_place)
            row_by_place[result_place] = row
    return {place: row for place, row in row_by_place.items() if place not in disputed_places}


def _get_place(group: EvaluationGroup) -> Place:
    return group.account, group.region, group.resource_type


def states_place(place: Place, needed_meanings: Set[str]) -> bool:
    """Return whether account, region and type are ids, as far as they are needed."""
    return all(
        is_stated
        for meaning, is_stated in zip(PLACE_MEANINGS, _list_stated(place), strict=True)
        if meaning in needed_meanings
    )


def _list_stated(place: Place) -> tuple[bool, bool, bool]:
    """Return for account, region and type whether each is an id, and not empty or a name."""
    account, region, resource_type = place
    return account.isdigit(), is_region_id(region), _CODE_SEPARATOR in resource_type


def _may_be_same_place(file_place: Place, result_place: Place) -> bool:
    """Return whether what the file states of a place is the place of the result."""
    return all(
        not is_stated or file_part.lower() == result_part.lower()
        for is_stated, file_part, result_part in zip(
            _list_stated(file_place), file_place, result_place, strict=True
        )
    )
