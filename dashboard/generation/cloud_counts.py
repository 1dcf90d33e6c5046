"""Fetch the counts that the cloud states for a pack, together with the pack's report."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dashboard import cloud
from dashboard.generation import rate_limit, rule_details
from dashboard.models import Pack, Status

if TYPE_CHECKING:
    from dashboard.cloud.client import Client


def fetch_cloud_counts(client: "Client", pack: Pack) -> dict[str, Any]:
    """Return the cloud's counts of rules and resources, and what it says of the rules.

    The keys are explained at Report.stated_counts. A key is missing if the call for it failed or is
    not allowed now.
    """
    fetchers: tuple[Callable[[], dict[str, Any]], ...] = (
        lambda: rule_details.build_rule_facts(client.get_pack(pack.pack_id).rules),
        lambda: build_rule_counts(client.get_rule_compliance(pack.pack_id)),
        lambda: build_resource_counts(client.get_resource_compliance(pack.pack_id)),
    )
    counts: dict[str, Any] = {}
    for fetch_counts in fetchers:
        if rate_limit.seconds_until_get_allowed(pack.account):
            break
        try:
            counts |= fetch_counts()
        except cloud.CloudError:
            continue  # the report is useful without these counts
    rule_details.add_statuses(counts)
    return counts


def build_rule_counts(compliance: cloud.RuleCompliance) -> dict[str, Any]:
    return {
        "cloud_rules": key_counts_by_status(compliance),
        "rule_statuses": {rule.rule_id: rule.status for rule in compliance.rules},
    }


def build_resource_counts(counts: cloud.ComplianceCounts) -> dict[str, Any]:
    return {"cloud_resources": key_counts_by_status(counts)}


def key_counts_by_status(counts: cloud.ComplianceCounts) -> dict[str, int | None]:
    by_status = {status.name: getattr(counts, status.name.lower()) for status in Status}
    return {"TOTAL": counts.total, **by_status}
