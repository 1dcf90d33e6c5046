"""Reconciliation: compare our counts with the counts that the file and the cloud state."""

from collections import Counter
from typing import Any

from dashboard.models import RuleResult, Status
from dashboard.workbook import Contents

# The roles of sheets that list evaluations row by row.
EVALUATION_ROLES = {"non_compliant", "compliant", "ignored", "evaluations"}
Note = dict[str, Any]


class Reconciliation:
    """Collects the number of compared counts of each kind, and a note for each mismatch."""

    def __init__(self) -> None:
        self.checked: Counter[str] = Counter()
        self.notes: list[Note] = []

    def compare_count(
        self, kind: str, name: str, our_counts: set[int], stated_count: int | None
    ) -> None:
        """Compare a stated count with ours, and add a note if it is not one of `our_counts`.

        `our_counts` has several values if the stated count may mean one or the other. Does nothing
        if `stated_count` is None.
        """
        if stated_count is None:
            return
        self.checked[kind] += 1
        if stated_count not in our_counts:
            facts = {"kind": kind, "name": name, "ours": max(our_counts), "stated": stated_count}
            self.notes.append({"code": "count_mismatch", "facts": facts})


def reconcile_counts(
    contents: Contents,
    results: list[RuleResult],
    counts: dict[Status, int],
    cloud_counts: dict[str, Any],
) -> Reconciliation:
    """Compare our counts of sheets, rules and the whole report with the stated ones.

    `counts` are our counts of the whole report. `cloud_counts` are the counts that were fetched
    from the cloud together with the report (see Report.stated_counts).
    """
    reconciliation = Reconciliation()
    for sheet in contents.sheets:
        if sheet.role in EVALUATION_ROLES and sheet.header_row is not None:
            rows_below_header = sheet.rows - sheet.header_row - 1
            reconciliation.compare_count("rows", sheet.name, {sheet.evaluations}, rows_below_header)
    listed_statuses = {Status[name] for name in contents.lists}
    for result in results:
        for status in listed_statuses:
            our_count = getattr(result, status.field)
            stated_count = result.stated_counts.get(status.name)
            reconciliation.compare_count("rules", result.name, {our_count}, stated_count)
    # An overview does not say whether it counts evaluations or resources, so either is right.
    failing = {counts[Status.NON_COMPLIANT], contents.failing_resources}
    reconciliation.compare_count("overview", "", failing, contents.stated.get("non_compliant"))
    cloud_resources = cloud_counts.get("cloud_resources", {}).get("NON_COMPLIANT")
    reconciliation.compare_count("cloud_resources", "", failing, cloud_resources)
    failing_rules = {sum(1 for result in results if result.failing)}
    cloud_rules = cloud_counts.get("cloud_rules", {}).get("NON_COMPLIANT")
    reconciliation.compare_count("cloud_rules", "", failing_rules, cloud_rules)
    return reconciliation
