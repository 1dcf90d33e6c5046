"""Summarise how the evaluation results were merged with the file (see Report.results_summary)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dashboard.workbook import Contents

# The fields of a workbook.ResultsSummary that stay as they are.
COPIED_FIELDS = (
    "answers", "rows", "skipped", "repeated", "contradicting", "both", "only_file", "only_results",
    "disagreements", "first_recorded_ms", "last_recorded_ms",
)  # fmt: skip


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
    copied_values = {name: getattr(results, name) for name in COPIED_FIELDS}
    return {**copied_values, "disagreement_rows": rows, "lists_rules": lists_rules}
