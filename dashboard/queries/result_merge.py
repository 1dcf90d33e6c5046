"""How a report's file and the evaluation results beside it fit together, for the evidence page.

They were merged into one set of evaluations when the report was stored (see
Report.results_summary).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.models import EvaluationSource, Report, Status
from dashboard.models.evaluations import convert_milliseconds
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.rule_summaries import load_rule_names


@dataclass(frozen=True)
class SourceCount:
    """How many evaluations come from one source or from both; the query shows these rows."""

    source: EvaluationSource
    count: int

    @property
    def query_string(self) -> str:
        return EvaluationFilter(source=self.source).query_string()


@dataclass(frozen=True)
class StatusDisagreement:
    """An evaluation on whose status file and evaluation results disagree."""

    key: int
    rule: int
    rule_name: str
    resource_id: str
    resource_name: str
    file_status: Status
    results_status: Status
    # When each says that it evaluated the resource; None if it does not say.
    file_time: dt.datetime | None
    results_time: dt.datetime | None


@dataclass(frozen=True)
class ResultMerge:
    """The numbers of a merge, and the first of its disagreements."""

    sources: list[SourceCount]
    disagreements: int
    # Rows of the list: not counted because they name no status, rule or resource; repeated, of
    # which one counts; and those of them with another status than the one that counts.
    skipped: int
    repeated: int
    contradicting: int
    rows: list[StatusDisagreement] = field(default_factory=list)


def load_result_merge(report: Report) -> ResultMerge | None:
    """Return how file and evaluation results fit together; None if they were not merged."""
    summary: Mapping[str, Any] = report.results_summary or {}
    if "both" not in summary:
        return None
    keys = {
        EvaluationSource.BOTH: "both",
        EvaluationSource.FILE: "only_file",
        EvaluationSource.RESULTS: "only_results",
    }
    rule_names = load_rule_names(report)
    return ResultMerge(
        sources=[SourceCount(source, summary[key]) for source, key in keys.items()],
        disagreements=summary["disagreements"],
        skipped=summary["skipped"],
        repeated=summary["repeated"],
        contradicting=summary["contradicting"],
        rows=[build_disagreement(row, rule_names) for row in summary["disagreement_rows"]],
    )


def build_disagreement(row: Mapping[str, Any], rule_names: Mapping[int, str]) -> StatusDisagreement:
    return StatusDisagreement(
        key=row["key"],
        rule=row["rule"],
        rule_name=rule_names.get(row["rule"], ""),
        resource_id=row["resource_id"],
        resource_name=row["resource_name"],
        file_status=Status(row["file_status"]),
        results_status=Status(row["results_status"]),
        file_time=convert_milliseconds(row["file_evaluated_ms"]),
        results_time=convert_milliseconds(row["results_evaluated_ms"]),
    )
