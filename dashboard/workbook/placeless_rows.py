"""Match rows of a file that do not state their place with the results that do.

The place of a resource is its account, region and type. A file may have a column for each, and a
cell of it may be empty or hold a name that is no id: such a row matches the only result of the same
rule and resource id, unless what it does state is another place.
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
        self._file_rows: dict[int, FileRow | None] = {}  # None if there are several
        self._results: dict[int, list[RowTuple]] = {}

    def add_file_row(self, pair_hash: int, row: FileRow) -> None:
        """Remember a row of the file whose place is not known."""
        other_row = self._file_rows.setdefault(pair_hash, row)
        if other_row and other_row.key != row.key:
            self._file_rows[pair_hash] = None

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
        for pair_hash, results in self._results.items():
            file_row = self._file_rows[pair_hash]
            results_by_place = {_get_place(groups[result[3]]): result for result in results}
            if file_row and len(results_by_place) == 1:
                (place,) = results_by_place
                if _may_be_same_place(_get_place(groups[file_row.group]), place):
                    results = [
                        (file_row.key, result[1], file_row.resource, *result[3:])
                        for result in results
                    ]
            rows += results
        self._results.clear()
        return rows


Place = tuple[str, str, str]  # account, region and type


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
