"""Fetch the counts that the cloud states for a pack, together with the pack's report."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dashboard import cloud
from dashboard.generation import rate_limit
from dashboard.models import Pack, Status

if TYPE_CHECKING:
    from dashboard.cloud.client import Client


def fetch_cloud_counts(client: "Client", pack: Pack) -> dict[str, Any]:
    """Return the cloud's counts of rules and resources, and the parameters of the rules.

    The keys are explained at Report.stated_counts. A key is missing if the call for it failed or is
    not allowed now.
    """
    fetchers: dict[str, Callable[[], dict[str, Any]]] = {
        "cloud_rules": lambda: key_counts_by_status(client.get_rule_compliance(pack.pack_id)),
        "cloud_resources": lambda: key_counts_by_status(
            client.get_resource_compliance(pack.pack_id)
        ),
        "parameters": lambda: {
            rule.rule_id: dict(rule.parameters) for rule in client.get_pack(pack.pack_id).rules
        },
    }
    counts = {}
    for name, fetch_counts in fetchers.items():
        if rate_limit.seconds_until_get_allowed(pack.account):
            break
        try:
            counts[name] = fetch_counts()
        except cloud.CloudError:
            continue  # the report is useful without these counts
    return counts


def key_counts_by_status(counts: cloud.ComplianceCounts) -> dict[str, int | None]:
    by_status = {status.name: getattr(counts, status.name.lower()) for status in Status}
    return {"TOTAL": counts.total, **by_status}
