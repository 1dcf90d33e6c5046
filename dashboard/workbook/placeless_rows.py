"""Match rows of a file that do not state their place with the results that do.

The place of a resource is its account, region and type. A file may have a column for each, and a
cell of it may be empty or hold a name that is no id: such a row matches the only result of the same
rule and resource id, unless what it does state is another place. Of several such results it matches
the only one that may be at its place, or that has its type: the rows that match a single result
tell which type a word of the file, such as "ECS 实例", stands for.
"""

from collections.abc import Set
from typing import NamedTuple

from .contents import EvaluationGroup
from .evaluation_groups import GroupTable, RowTuple
from .evaluation_hashes import hash_resource_id
from .identity_values import is_region_id

# The meanings of the columns that name the place of a resource.
PLACE_MEANINGS = ("account_id", "region", "resource_type")
# The documented layout of a report has only this one.
DOCUMENTED_PLACE_MEANINGS = frozenset({"resource_type"})
_CODE_SEPARATOR = "::"  # of the parts of a resource type, such as ACS::ECS::Instance


Place = tuple[str, str, str]  # account, region and type
TypesByWord = dict[str, set[str]]


class FileRow(NamedTuple):
    """What is needed of a row of the file to give its key to a result."""

    key: int
    resource: int
    group: int


class PlacelessRows:
    """The rows of a file that do not state their place, by a hash of rule and resource id.

    Results that may match them wait here until all results are known.
    """

    def __init__(self) -> None:
        self._file_rows: dict[int, list[FileRow]] = {}  # with different keys
        self._results: dict[int, list[RowTuple]] = {}

    def add_file_row(self, pair_hash: int, row: FileRow) -> None:
        """Remember a row of the file whose place is not known."""
        file_rows = self._file_rows.setdefault(pair_hash, [])
        if all(row.key != other_row.key for other_row in file_rows):
            file_rows.append(row)

    def hold_result(self, row: RowTuple) -> bool:
        """Keep a result that may match a row of the file; return false if it matches none."""
        if not self._file_rows:
            return False
        key, _digest, resource, _group, resource_id, *_others = row
        pair_hash = key ^ resource ^ hash_resource_id(resource_id)
        if pair_hash not in self._file_rows:
            return False
        self._results.setdefault(pair_hash, []).append(row)
        return True

    def take_results(self, groups: GroupTable) -> list[RowTuple]:
        """Return the results that were held, with the key of the file's row where they match."""
        rows: list[RowTuple] = []
        types_by_word = self._learn_types(groups)
        for pair_hash, results in self._results.items():
            row_by_place = _match_places(
                [(row, _get_place(groups[row.group])) for row in self._file_rows[pair_hash]],
                {_get_place(groups[result[3]]) for result in results},
                types_by_word,
            )
            for result in results:
                file_row = row_by_place.get(_get_place(groups[result[3]]))
                if file_row:
                    result = (file_row.key, result[1], file_row.resource, *result[3:])
                rows.append(result)
        self._results.clear()
        return rows

    def _learn_types(self, groups: GroupTable) -> TypesByWord:
        """Return the types that words of the file stand for, from rows with a single result."""
        types_by_word: TypesByWord = {}
        for pair_hash, results in self._results.items():
            places = {_get_place(groups[result[3]]) for result in results}
            if len(places) == len(self._file_rows[pair_hash]) == 1:
                [(_account, _region, resource_type)] = places
                [file_row] = self._file_rows[pair_hash]
                word = groups[file_row.group].resource_type
                types_by_word.setdefault(word, set()).add(resource_type.lower())
        return types_by_word


def _match_places(
    file_rows: list[tuple[FileRow, Place]], result_places: set[Place], types_by_word: TypesByWord
) -> dict[Place, FileRow]:
    """Return the row of the file for each place of a result that only this row may be at.

    All are of the same rule and resource id.
    """
    row_by_place: dict[Place, FileRow] = {}
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
        not is_stated or ours.lower() == theirs.lower()
        for is_stated, ours, theirs in zip(
            _list_stated(file_place), file_place, result_place, strict=True
        )
    )
