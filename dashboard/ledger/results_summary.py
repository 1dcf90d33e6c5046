"""Summarise how the evaluation results were merged with the file (see Report.results_summary)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dashboard.models import Report, Status
from dashboard.workbook import Contents
from dashboard.workbook.remarks import Remark

# The fields of a workbook.ResultsSummary that stay as they are.
RESULTS_COUNT_FIELDS = (
    "answers", "rows", "skipped", "repeated", "contradicting", "both", "only_file", "only_results",
    "disagreements", "first_recorded_ms", "last_recorded_ms",
)  # fmt: skip
# Of these the cloud counts evaluations, not resources (see reconciliation.py).
EVALUATION_STATUSES = (Status.COMPLIANT, Status.NOT_APPLICABLE)


def list_results_remarks(report: Report, contents: Contents) -> list[Remark]:
    """Return a remark if the evaluation results have fewer evaluations than the cloud states.

    A list states no total. The cloud's counts were fetched with the file, shortly before the list.
    """
    results = contents.results
    if results is None or results.error_code:
        return []
    cloud_counts = report.stated_counts.get("cloud_resources", {})
    stated = {status: cloud_counts.get(status.name) or 0 for status in EVALUATION_STATUSES}
    fewer = sum(max(count - results.counts.get(status, 0), 0) for status, count in stated.items())
    facts: dict[str, str | int] = {"stated": sum(stated.values())}
    return [Remark("results_fewer", count=fewer, facts=facts)] if fewer else []


def build_results_summary(
    contents: Contents, rule_ids: Mapping[int, int], *, lists_rules: bool
) -> dict[str, Any] | None:
    """Return the summary; None if there are no evaluation results beside the file.

    `rule_ids` are the database ids of the rules by their numbers in the file.
    """
    results = contents.results
    if results is None:
        return None
    if results.error_code:
        return {"error_code": results.error_code, "error_facts": results.error_facts}
    rows = [
        {**dataclasses.asdict(row), "rule": rule_ids[row.rule]} for row in results.disagreement_rows
    ]
    copied_values = {name: getattr(results, name) for name in RESULTS_COUNT_FIELDS}
    return {**copied_values, "disagreement_rows": rows, "lists_rules": lists_rules}
