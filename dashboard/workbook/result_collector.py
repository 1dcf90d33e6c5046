"""Turn the evaluation results that were fetched beside a file into evaluations of the file.

The list is read twice: before the sheets for the ids and names of the rules, because a sheet may
give names only, and after them for its rows, whose keys depend on what the file's lists state.
"""

from collections.abc import Iterator, Set
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from .contents import NO_SHEET, Contents, EvaluationGroup, ResultsSummary, SourceCode
from .evaluation_groups import GroupTable, RowTuple
from .evaluation_hashes import compute_id_hash, hash_evaluation, hash_place, hash_rule
from .evaluations import EvaluationCollector
from .limits import Limits
from .placeless_rows import PLACE_MEANINGS, PlacelessRows
from .reasons import get_finding, parse_reason
from .remarks import Facts, Remark
from .result_list import (
    RawValues,
    SharedValues,
    get_raw_shared_values,
    parse_own_values,
    parse_shared_values,
    read_answers,
    split_row,
)
from .result_remarks import ResultRemarks
from .rule_collector import RuleCollector

# The cache is emptied above this number; GroupTable keeps all groups.
_MAX_CACHED_GROUPS = 50_000
_hash_id = lru_cache(10_000)(compute_id_hash)  # a resource stands under several rules


class ResultsSource(NamedTuple):
    """The list of evaluation results beside a file.

    `error_code` and `error_facts` say why it cannot be read, if that is known already.
    """

    path: Path | None = None
    error_code: str = ""
    error_facts: Facts | None = None


class ResultGroup(NamedTuple):
    """What rows of the list with the same SharedValues have in common.

    `number` is that of their EvaluationGroup; None if rule or status is missing.
    """

    shared: SharedValues
    number: int | None
    rule_hash: int = 0
    place_hash: int = 0


class ResultCollector:
    """Reads a list of evaluation results beside one file, and adds its rows to the file's.

    `account` is that of rows that name none. `folder` is for temporary files.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits,
        account: str,
        rules: RuleCollector,
        groups: GroupTable,
        summary: ResultsSummary,
        folder: Path,
    ) -> None:
        self._path = path
        self._limits = limits
        self._account = account
        self._rules = rules
        self._groups = groups
        self.summary = summary
        self.placeless_rows = PlacelessRows(folder)  # of the file
        self._remarks = ResultRemarks()
        self._group_by_values: dict[RawValues, ResultGroup] = {}
        self._key_meanings: Set[str] = frozenset()

    def read_rules(self) -> None:
        """Tell the rule collector the ids, names and risks of the rules in the list.

        Raise WorkbookError if the list cannot be read: then it must not be read further.
        """
        known_rules: set[tuple[Any, ...]] = set()
        for rows in read_answers(self._path, self._limits):
            self.summary.answers += 1
            self.summary.rows += len(rows)
            for row in rows:
                values, qualifier = split_row(row)
                rule = (
                    qualifier.get("ConfigRuleId"),
                    qualifier.get("ConfigRuleName"),
                    values.get("RiskLevel"),
                )
                with suppress(TypeError):  # raised for a list or an object in place of a value
                    if rule not in known_rules:
                        known_rules.add(rule)
                        self._read_rule(get_raw_shared_values(values, qualifier))

    def _read_rule(self, raw_values: RawValues) -> None:
        shared = parse_shared_values(raw_values)
        self._rules.add_cloud_rule(shared.rule_id, shared.rule_name, shared.risk)

    def add_rows(self, evaluations: EvaluationCollector, key_meanings: Set[str]) -> None:
        """Add the rows of the list to the evaluations of the file.

        `key_meanings` are those of PLACE_MEANINGS for which the file's lists have a column: only
        these are part of the keys, so that the rows match those of the file, and of earlier reports
        without a list.
        """
        self._key_meanings = key_meanings
        row_number = 0
        for answer, rows in enumerate(read_answers(self._path, self._limits), 1):
            for row_in_answer, row in enumerate(rows, 1):
                row_number += 1
                evaluation = self._build_evaluation(row, row_number, (answer, row_in_answer))
                if evaluation and not self.placeless_rows.hold_result(evaluation):
                    evaluations.add_row(evaluation)
            evaluations.spill_if_full(len(rows))
        for placeless_results in self.placeless_rows.take_results(self._groups):
            for evaluation in placeless_results:
                evaluations.add_row(evaluation)
            evaluations.spill_if_full(len(placeless_results))

    def _build_evaluation(
        self, row: Any, row_number: int, place: tuple[int, int]
    ) -> RowTuple | None:
        """Return the evaluation of a row; remark the row and return None if it is none.

        `place` is the number of the answer, and that of the row in it.
        """
        values, qualifier = split_row(row)
        group = self._find_group(get_raw_shared_values(values, qualifier))
        own = parse_own_values(values, qualifier)
        resource_id = own.resource_id or own.resource_name
        if own.has_odd_value or group.shared.has_odd_value:
            self._remarks.add("results_values_unread", *place)
        if group.number is None or not resource_id:
            self._remark_skipped(group.shared, place, names_resource=bool(resource_id))
            return None
        self._add_recorded_time(own.recorded_ms)
        resource = group.place_hash ^ _hash_id(resource_id)
        finding = get_finding(parse_reason(own.annotation))
        added_values = (
            SourceCode.RESULTS.value,
            0,
            own.failing_since_ms,
            own.fixed_at_ms,
            own.exempt_until,
            own.resource_group,
        )
        status = group.shared.status or 0
        name = own.resource_name
        return (
            group.rule_hash ^ resource or 1,  # databases hold positive keys only
            hash_evaluation(status, group.shared.risk, name, finding, added_values),
            resource,
            group.number,
            resource_id,
            name,
            *finding,
            NO_SHEET,
            row_number,
            *added_values,
            own.recorded_ms,
            own.trigger,
        )

    def _find_group(self, raw_values: RawValues) -> ResultGroup:
        """Return the group of a row; rows with the same values share it."""
        try:
            group = self._group_by_values.get(raw_values)
        except TypeError:  # a list or an object in place of a value
            return self._make_group(raw_values)
        if group is None:
            if len(self._group_by_values) > _MAX_CACHED_GROUPS:
                self._group_by_values.clear()
            group = self._group_by_values[raw_values] = self._make_group(raw_values)
        return group

    def _make_group(self, raw_values: RawValues) -> ResultGroup:
        shared = parse_shared_values(raw_values)
        rule = None
        if shared.status is not None:
            rule = self._rules.find_or_add_rule(shared.rule_id, shared.rule_name)
        if rule is None:
            return ResultGroup(shared, number=None)
        place = (shared.account or self._account, shared.region, shared.resource_type)
        group = EvaluationGroup(rule.number, int(shared.status or 0), shared.risk, *place, rows=0)
        key_place = [
            part if meaning in self._key_meanings else default
            for part, meaning, default in zip(
                place, PLACE_MEANINGS, (self._account, "", ""), strict=True
            )
        ]
        number = self._groups.find_or_add(group)
        return ResultGroup(shared, number, hash_rule(rule.key), hash_place(*key_place))

    def _add_recorded_time(self, recorded_ms: int) -> None:
        summary = self.summary
        if recorded_ms:
            if recorded_ms > summary.last_recorded_ms:
                summary.last_recorded_ms = recorded_ms
            if recorded_ms < summary.first_recorded_ms or not summary.first_recorded_ms:
                summary.first_recorded_ms = recorded_ms

    def _remark_skipped(
        self, shared: SharedValues, place: tuple[int, int], *, names_resource: bool
    ) -> None:
        self.summary.skipped += 1
        names_rule = bool(shared.rule_id or shared.rule_name)
        if shared.status is None and shared.status_text and names_rule and names_resource:
            self._remarks.add("results_status_unknown", *place, word=shared.status_text)
        else:
            self._remarks.add("results_rows_skipped", *place)

    def list_remarks(self) -> Iterator[Remark]:
        """Yield the remarks on the list, after its rows were merged with those of the file."""
        yield from self._remarks.list_remarks()
        if self.summary.repeated:
            facts: Facts = {"other": self.summary.contradicting}
            yield Remark("results_repeated", count=self.summary.repeated, facts=facts)
        nameless = sum(
            rule.by_name and not rule.rule_id for rule in self._rules.rules if rule.counts
        )
        if nameless and self.summary.rows:
            yield Remark("results_rules_unmatched", count=nameless)


def open_results(
    results: ResultsSource,
    limits: Limits,
    account: str,
    rules: RuleCollector,
    groups: GroupTable,
    contents: Contents,
    folder: Path,
) -> ResultCollector | None:
    """Return the collector of the evaluation results, and add their summary to the contents.

    If the list cannot be read, add a remark instead, and return None.
    """
    error_facts = results.error_facts or {}
    contents.results = ResultsSummary(error_code=results.error_code, error_facts=error_facts)
    if results.path is None:
        facts: Facts = {**error_facts, "error": results.error_code}
        contents.remarks.append(Remark("results_unread", facts=facts))
        return None
    return ResultCollector(results.path, limits, account, rules, groups, contents.results, folder)
