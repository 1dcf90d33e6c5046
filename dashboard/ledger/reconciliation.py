"""Holding our counts against the file's own and the cloud's: what was checked, and what does not agree."""

from typing import TYPE_CHECKING, Any

from dashboard.models import RuleResult, Status
from dashboard.workbook import Contents

if TYPE_CHECKING:
    pass

LISTING = {"non_compliant", "compliant", "ignored", "evaluations"}
Note = dict[str, Any]


def compare_counts(
    contents: Contents,
    results: list[RuleResult],
    counts: dict[Status, int],
    stated: dict[str, Any],
) -> tuple[dict[str, int], list[Note]]:
    """How many numbers of each kind were held against ours, and a note for each that differs."""
    checked: dict[str, int] = {}
    notes: list[Note] = []

    def hold(kind: str, name: str, ours: set[int], theirs: int | None) -> None:
        if theirs is None:
            return
        checked[kind] = checked.get(kind, 0) + 1
        if theirs not in ours:
            facts = {"kind": kind, "name": name, "ours": max(ours), "stated": theirs}
            notes.append({"code": "count_mismatch", "facts": facts})

    for sheet in contents.sheets:
        if sheet.role in LISTING and sheet.header_row is not None:
            hold("rows", sheet.name, {sheet.evaluations}, sheet.rows - sheet.header_row - 1)
    listed = {Status[name] for name in contents.lists}
    for result in results:
        for status in listed:
            hold(
                "rules",
                result.name,
                {getattr(result, status.field)},
                result.stated_counts.get(status.name),
            )
    # An overview may count evaluations or resources: it does not say which.
    failing = {counts[Status.NON_COMPLIANT], contents.failing_resources}
    hold("overview", "", failing, contents.stated.get("non_compliant"))
    hold("cloud_resources", "", failing, stated.get("cloud_resources", {}).get("NON_COMPLIANT"))
    failing_rules = {sum(1 for result in results if result.failing)}
    hold("cloud_rules", "", failing_rules, stated.get("cloud_rules", {}).get("NON_COMPLIANT"))
    return checked, notes
