"""Turn the evaluation results that were fetched beside a file into evaluations of the file.

The list is read twice: before the sheets for the ids and names of the rules, because a sheet may
give names only, and after them for its rows, whose keys depend on what the file's lists state.
"""

import datetime as dt
from collections.abc import Iterator, Set
from pathlib import Path
from typing import NamedTuple

from .contents import NO_SHEET, Contents, EvaluationGroup, ResultsSummary, RuleInfo, SourceCode
from .evaluation_groups import GroupTable, RowTuple
from .evaluation_hashes import hash_evaluation, hash_place, hash_resource_id, hash_rule
from .evaluations import EvaluationCollector
from .limits import Limits
from .placeless_rows import PLACE_MEANINGS, PlacelessRows
from .reasons import parse_reason
from .remarks import Remark
from .result_list import ResultRow, parse_row, parse_rule, read_answers
from .result_remarks import ResultRemarks
from .rule_collector import RuleCollector


class ResultsSource(NamedTuple):
    """The list of evaluation results beside a file.

    `error_code` and `error_facts` say why it cannot be read, if that is known already.
    """

    path: Path | None = None
    error_code: str = ""
    error_facts: dict[str, str | int] | None = None


class ResultCollector:
    """Reads a list of evaluation results beside one file, and adds its rows to the file's.

    `account` is that of rows that name none.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits,
        account: str,
        rules: RuleCollector,
        groups: GroupTable,
        summary: ResultsSummary,
    ) -> None:
        self._path = path
        self._limits = limits
        self._account = account
        self._rules = rules
        self._groups = groups
        self.summary = summary
        self.placeless_rows = PlacelessRows()  # of the file
        self._remarks = ResultRemarks()
        self._rule_by_texts: dict[tuple[str, str], RuleInfo | None] = {}

    def read_rules(self) -> None:
        """Tell the rule collector the ids, names and risks of the rules in the list.

        Raise WorkbookError if the list cannot be read: then it must not be read further.
        """
        for rows in read_answers(self._path, self._limits):
            self.summary.answers += 1
            self.summary.rows += len(rows)
            for row in rows:
                self._rules.add_cloud_rule(*parse_rule(row))

    def add_rows(self, evaluations: EvaluationCollector, place_meanings: Set[str]) -> None:
        """Add the rows of the list to the evaluations of the file.

        `place_meanings` are those of PLACE_MEANINGS for which the file's lists have a column: only
        these are part of the keys, so that the rows match those of the file, and of earlier reports
        without a list.
        """
        is_in_key = [meaning in place_meanings for meaning in PLACE_MEANINGS]
        row_number = 0
        for answer, rows in enumerate(read_answers(self._path, self._limits), 1):
            for row_in_answer, value in enumerate(rows, 1):
                row_number += 1
                result = parse_row(value)
                if result.has_odd_value:
                    self._remarks.add("results_values_unread", answer, row_in_answer)
                row = self._build_row(result, row_number, is_in_key)
                if row is None:
                    self._remark_skipped(result, answer, row_in_answer)
                elif not self.placeless_rows.hold_result(row):
                    evaluations.add_row(row)
            evaluations.compress_waiting_rows(len(rows))
        for row in self.placeless_rows.take_results(self._groups):
            evaluations.add_row(row)

    def _build_row(
        self, result: ResultRow, row_number: int, is_in_key: list[bool]
    ) -> RowTuple | None:
        """Return the evaluation of a row; None if it lacks a status, a rule or a resource."""
        rule = self._find_rule(result)
        if rule is None or result.status is None or not result.is_complete:
            return None
        self._add_recorded_time(result.recorded_ms)
        place = (result.account or self._account, result.region, result.resource_type)
        group = EvaluationGroup(rule.number, int(result.status), result.risk, *place, rows=0)
        key_place = [
            ours if is_part else default
            for ours, is_part, default in zip(
                place, is_in_key, (self._account, "", ""), strict=True
            )
        ]
        resource_id = result.resource_id or result.resource_name
        resource = hash_place(*key_place) ^ hash_resource_id(resource_id)
        reason = parse_reason(result.annotation)
        finding = (*reason[:4], reason.text)
        results_values = (
            SourceCode.RESULTS.value,
            0,
            result.failing_since_ms,
            result.fixed_at_ms,
            result.exempt_until,
            result.resource_group,
        )
        status, name = group.status, result.resource_name
        return (
            hash_rule(rule.key) ^ resource or 1,  # databases hold positive keys only
            hash_evaluation(status, group.risk, name, finding, results_values),
            resource,
            self._groups.find_or_add(group),
            resource_id,
            name,
            *finding,
            NO_SHEET,
            row_number,
            *results_values,
            result.recorded_ms,
            result.trigger,
        )

    def _find_rule(self, result: ResultRow) -> RuleInfo | None:
        texts = (result.rule_id, result.rule_name)
        if texts not in self._rule_by_texts:
            self._rule_by_texts[texts] = self._rules.find_or_add_rule(*texts)
        return self._rule_by_texts[texts]

    def _add_recorded_time(self, recorded_ms: int) -> None:
        summary = self.summary
        if recorded_ms:
            summary.first_recorded_ms = min(summary.first_recorded_ms or recorded_ms, recorded_ms)
            summary.last_recorded_ms = max(summary.last_recorded_ms, recorded_ms)

    def _remark_skipped(self, result: ResultRow, answer: int, row_in_answer: int) -> None:
        self.summary.skipped += 1
        if result.status is None and result.status_text and result.is_complete:
            word = result.status_text
            self._remarks.add("results_status_unknown", answer, row_in_answer, word=word)
        else:
            self._remarks.add("results_rows_skipped", answer, row_in_answer)

    def list_remarks(self) -> Iterator[Remark]:
        """Yield the remarks on the list, after its rows were merged with those of the file."""
        yield from self._remarks.list_remarks()
        if self.summary.repeated:
            contradicting = self.summary.contradicting
            yield Remark(
                "results_repeated", count=self.summary.repeated, facts={"other": contradicting}
            )
        nameless = sum(rule.by_name for rule in self._rules.rules if rule.counts)
        if nameless and self.summary.rows:
            yield Remark("results_rules_unmatched", count=nameless)

    def complete_times(self, contents: Contents) -> None:
        """Take the times of evaluation from the list if the file states none."""
        if contents.evaluated_to is None and self.summary.last_recorded_ms:
            contents.evaluated_from = _format_ms(self.summary.first_recorded_ms)
            contents.evaluated_to = _format_ms(self.summary.last_recorded_ms)


def _format_ms(milliseconds: int) -> str:
    """Return a time in ISO 8601, to the second, as the times of a file are stored."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).isoformat(timespec="seconds")
