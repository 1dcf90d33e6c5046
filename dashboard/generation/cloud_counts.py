"""The counts that the cloud states, fetched with a report."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dashboard import cloud
from dashboard.generation import rate_limit
from dashboard.models import Pack, Status

if TYPE_CHECKING:
    from dashboard.cloud.client import Client


def fetch_cloud_counts(client: "Client", pack: Pack) -> dict[str, Any]:
    """The cloud's counts of rules and resources, and the rules' parameters; what cannot be had is left out."""
    asks: dict[str, Callable[[], dict[str, Any]]] = {
        "cloud_rules": lambda: counts_by_status_name(client.get_rule_compliance(pack.pack_id)),
        "cloud_resources": lambda: counts_by_status_name(
            client.get_resource_compliance(pack.pack_id)
        ),
        "parameters": lambda: {
            rule.rule_id: dict(rule.parameters) for rule in client.get_pack(pack.pack_id).rules
        },
    }
    counts = {}
    for name, ask in asks.items():
        if rate_limit.seconds_until_get_allowed(pack.account):
            break
        try:
            counts[name] = ask()
        except cloud.CloudError:
            continue  # a report is worth having without
    return counts


def counts_by_status_name(counts: cloud.ComplianceCounts) -> dict[str, int | None]:
    return {status.name: getattr(counts, status.name.lower()) for status in Status}
