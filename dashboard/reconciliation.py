"""Holding our counts against the file's own and the cloud's: what was checked, and what does not agree."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dashboard import cloud, pace
from dashboard.models import Pack, RuleResult, Status
from dashboard.workbook import Contents

if TYPE_CHECKING:
    from dashboard.cloud.client import Client

LISTING = {"non_compliant", "compliant", "ignored", "evaluations"}
Note = dict[str, Any]


def cloud_counts(client: "Client", pack: Pack) -> dict[str, Any]:
    """The cloud's counts of rules and resources, and the rules' parameters; what cannot be had is left out."""
    asks: dict[str, Callable[[], dict[str, Any]]] = {
        "cloud_rules": lambda: by_name(client.rule_compliance(pack.pack_id)),
        "cloud_resources": lambda: by_name(client.resource_compliance(pack.pack_id)),
        "parameters": lambda: {
            rule.rule_id: dict(rule.parameters) for rule in client.pack(pack.pack_id).rules
        },
    }
    counts = {}
    for name, ask in asks.items():
        if pace.wait_to_ask(pack.account):
            break
        try:
            counts[name] = ask()
        except cloud.CloudError:
            continue  # a report is worth having without
    return counts


def by_name(counts: cloud.Counts) -> dict[str, int | None]:
    return {status.name: getattr(counts, status.name.lower()) for status in Status}


def held_against(
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
                result.stated.get(status.name),
            )
    # An overview may count evaluations or resources: it does not say which.
    failing = {counts[Status.NON_COMPLIANT], contents.failing_resources}
    hold("overview", "", failing, contents.stated.get("non_compliant"))
    hold("cloud_resources", "", failing, stated.get("cloud_resources", {}).get("NON_COMPLIANT"))
    failing_rules = {sum(1 for result in results if result.failing)}
    hold("cloud_rules", "", failing_rules, stated.get("cloud_rules", {}).get("NON_COMPLIANT"))
    return checked, notes
