"""Merge the rows of a file with those of the evaluation results that were fetched beside it.

Rows with the same key are one evaluation that both state. Where they disagree on its status, it
counts as the file has it, and `results_status` is that of the results.

A file that names no region gives the same key to resources of the same id in several regions. The
evaluation results name the regions, so these evaluations get keys that differ by region.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from .cells import normalise_identifier
from .contents import (
    Contents,
    Disagreement,
    EvaluationGroup,
    EvaluationRow,
    ResultsSummary,
    SourceCode,
)
from .evaluation_groups import GroupTable, RowTuple
from .evaluation_hashes import Finding, change_duplicate_key, change_key_by_place, hash_evaluation
from .identity_values import is_region_id

FILE = SourceCode.FILE.value
MAXIMUM_DISAGREEMENTS = 100  # that are named
_SOURCE = EvaluationRow._fields.index("source")
_RESULTS_END = EvaluationRow._fields.index("resource_group") + 1
_get_group_and_source = itemgetter(EvaluationRow._fields.index("group"), _SOURCE)
PlaceKey = tuple[str, ...]
RowPair = tuple[EvaluationRow, EvaluationRow]  # a row of the file and a result


class SourceMerger:
    """Merges rows bucket by bucket, and counts them by source in the summary of the contents."""

    def __init__(self, contents: Contents, summary: ResultsSummary, groups: GroupTable) -> None:
        self._contents = contents
        self._summary = summary
        self._groups = groups
        self._merged_groups: dict[tuple[int, int], int] = {}  # by those of file and results

    def merge_rows(self, rows: list[RowTuple]) -> list[RowTuple]:
        """Return the evaluations of rows that are sorted by key, sorted by key."""
        keys = [row[0] for row in rows]
        repeated_keys = {key for key, next_key in pairwise(keys) if key == next_key}
        merged = [row for row in rows if row[0] not in repeated_keys]
        self._count_single_rows(merged)
        repeated_rows = [row for row in rows if row[0] in repeated_keys]
        for _key, rows_of_key in groupby(repeated_rows, itemgetter(0)):
            merged += self._merge_key([EvaluationRow._make(row) for row in rows_of_key])
        merged.sort(key=itemgetter(0))
        return merged

    def _count_single_rows(self, rows: list[RowTuple]) -> None:
        """Count rows whose keys no other rows have."""
        for (group, source), count in Counter(map(_get_group_and_source, rows)).items():
            if source == FILE:
                self._summary.only_file += count
            else:
                self._summary.only_results += count
                self._count_results(group, count)

    def _merge_key(self, rows: list[EvaluationRow]) -> list[RowTuple]:
        """Return the evaluations of rows with the same key, each with a key of its own."""
        first, last = rows[0], rows[-1]
        if len(rows) == 2 and first.source == FILE != last.source:  # most often
            self._summary.both += 1
            self._count_results(last.group, 1)
            return [self._merge_pair(first.key, first, last)]
        file_rows = [row for row in rows if row.source == FILE]
        result_rows = [row for row in rows if row.source != FILE]
        if len(file_rows) > 1:
            file_rows.sort(key=self._groups.build_content_sort_key)
        if len(result_rows) > 1:
            result_rows = self._choose_last_results(result_rows)
        for row in result_rows:
            self._count_results(row.group, 1)
        keys = self._separate_results(result_rows)
        pairs, single_file_rows, single_results = self._pair_rows(file_rows, result_rows)
        merged = [self._merge_pair(keys[id(result)], row, result) for row, result in pairs]
        merged += [(keys[id(result)], *result[1:]) for result in single_results]
        self._summary.both += len(pairs)
        self._summary.only_results += len(single_results)
        self._summary.only_file += len(single_file_rows)
        return merged + self._separate_file_rows(single_file_rows, is_key_taken=bool(merged))

    def _choose_last_results(self, results: list[EvaluationRow]) -> list[EvaluationRow]:
        """Return one result for each place: the one evaluated last; sort them by place.

        Of results evaluated at the same time, the order of their content decides.
        """
        results.sort(
            key=lambda row: (row.evaluated_at_ms, self._groups.build_content_sort_key(row))
        )
        last_results = {self._find_place(row): row for row in results}
        for row in results:
            last = last_results[self._find_place(row)]
            is_other_status = self._groups[row.group].status != self._groups[last.group].status
            self._summary.repeated += row is not last
            self._summary.contradicting += is_other_status
        return [last_results[place] for place in sorted(last_results)]

    def _count_results(self, group: int, count: int) -> None:
        counts, status = self._summary.counts, self._groups[group].status
        counts[status] = counts.get(status, 0) + count

    def _find_place(self, row: EvaluationRow) -> PlaceKey:
        group = self._groups[row.group]
        return tuple(map(normalise_identifier, (group.account, group.region, group.resource_type)))

    def _separate_results(self, results: Sequence[EvaluationRow]) -> dict[int, int]:
        """Return a key for each result, by its id(): by place if there are several places."""
        if len(results) == 1:
            return {id(results[0]): results[0].key}
        return {id(row): change_key_by_place(row.key, self._find_place(row)) for row in results}

    def _pair_rows(
        self, file_rows: list[EvaluationRow], result_rows: list[EvaluationRow]
    ) -> tuple[list[RowPair], list[EvaluationRow], list[EvaluationRow]]:
        """Return pairs of one evaluation, then the other rows of the file and of the results.

        Rows with the same status are a pair. As many others on both sides are pairs, too: then
        they disagree.
        """
        pairs: list[RowPair] = []
        single_file_rows: list[EvaluationRow] = []
        single_results = result_rows.copy()
        for row in file_rows:
            status = self._groups[row.group].status
            partner = next(
                (
                    result
                    for result in single_results
                    if self._groups[result.group].status == status
                ),
                None,
            )
            if partner:
                pairs.append((row, partner))
                single_results.remove(partner)
            else:
                single_file_rows.append(row)
        if len(single_file_rows) == len(single_results):
            pairs += zip(single_file_rows, single_results, strict=True)
            return pairs, [], []
        return pairs, single_file_rows, single_results

    def _separate_file_rows(
        self, rows: Sequence[EvaluationRow], *, is_key_taken: bool
    ) -> list[RowTuple]:
        """Give each row that only the file has a key of its own.

        They are numbered in the order of their content.
        """
        first_number = int(is_key_taken)
        self._contents.duplicates += max(len(rows) - 1 + first_number, 0)
        return [
            (change_duplicate_key(row.key, number) if number else row.key, *row[1:])
            for number, row in enumerate(rows, first_number)
        ]

    def _merge_pair(self, key: int, row: EvaluationRow, result: EvaluationRow) -> RowTuple:
        """Return the evaluation that a row of the file and a result state, with this key."""
        file_group, result_group = self._groups[row.group], self._groups[result.group]
        agrees = file_group.status == result_group.status
        if not agrees:
            self._remember_disagreement(key, row, result)
        group_number = self._merge_groups(row.group, result.group)
        group = self._groups[group_number]
        name = row.resource_name or result.resource_name
        finding = _fill_finding(row, result) if agrees else _get_finding(row)
        results_values = (
            SourceCode.BOTH.value,
            0 if agrees else result_group.status,
            *result[_SOURCE + 2 : _RESULTS_END],
        )
        return (
            key,
            hash_evaluation(group.status, group.risk, name, finding, results_values),
            row.resource,
            group_number,
            row.resource_id,
            name,
            *finding,
            row.sheet,
            row.row,
            *results_values,
            result.evaluated_at_ms or row.evaluated_at_ms,
            result.trigger,
        )

    def _merge_groups(self, file_number: int, result_number: int) -> int:
        """Return the number of the group of evaluations that both of these groups state."""
        numbers = (file_number, result_number)
        if numbers not in self._merged_groups:
            file_group = self._groups[file_number]
            results_group = self._groups[result_number]
            group = EvaluationGroup(
                rule=file_group.rule,
                status=file_group.status,
                risk=file_group.risk or results_group.risk,
                account=results_group.account or file_group.account,
                region=_choose_region(file_group.region, results_group.region),
                resource_type=file_group.resource_type or results_group.resource_type,
                rows=0,
            )
            self._merged_groups[numbers] = self._groups.find_or_add(group)
        return self._merged_groups[numbers]

    def _remember_disagreement(self, key: int, row: EvaluationRow, result: EvaluationRow) -> None:
        self._summary.disagreements += 1
        if len(self._summary.disagreement_rows) < MAXIMUM_DISAGREEMENTS:
            file_group = self._groups[row.group]
            disagreement = Disagreement(
                key=key,
                rule=file_group.rule,
                resource_id=row.resource_id,
                resource_name=row.resource_name or result.resource_name,
                file_status=file_group.status,
                results_status=self._groups[result.group].status,
                file_evaluated_ms=row.evaluated_at_ms,
                results_evaluated_ms=result.evaluated_at_ms,
            )
            self._summary.disagreement_rows.append(disagreement)


def _choose_region(file_region: str, results_region: str) -> str:
    """Return the region of the file, or that of the results if the file names no known one."""
    return file_region if is_region_id(file_region) else results_region or file_region


def _get_finding(row: EvaluationRow) -> Finding:
    return row.actual, row.expected, row.operator, row.property_path, row.reason


def _fill_finding(row: EvaluationRow, result: EvaluationRow) -> Finding:
    """Return the finding of the file, with its gaps filled from the results.

    If the two contradict each other, only the text of the reason is filled: an operator says
    nothing of another value than its own.
    """
    *values, reason = _get_finding(row)
    *result_values, result_reason = _get_finding(result)
    pairs = list(zip(values, result_values, strict=True))
    if all(
        file_value == results_value or not (file_value and results_value)
        for file_value, results_value in pairs
    ):
        values = [file_value or results_value for file_value, results_value in pairs]
    actual, expected, operator, property_path = values
    return actual, expected, operator, property_path, reason or result_reason
