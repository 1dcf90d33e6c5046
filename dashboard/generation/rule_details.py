"""Fetch what the cloud says of the rules of a pack: texts, parameters, and why one has no data.

The answers are stored in `Report.stated_counts["rules"]`. The report is useful without them: where
the cloud does not give them in time, or refuses, they are left out.
"""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from dashboard import cloud
from dashboard.cloud.time_limit import IsStopped
from dashboard.generation import cloud_client, rate_limit
from dashboard.ledger import rule_texts
from dashboard.models import Report, ResultList, Status

if TYPE_CHECKING:
    from dashboard.cloud.answers import CloudRule
    from dashboard.cloud.client import Client
    from dashboard.cloud.evaluation_answers import RuleDetail

MAX_RULES = 2_000  # of a pack, whose texts are kept; an account has a few hundred rules
MAX_RULE_NAME = 300  # characters of the name of a rule
MAX_DETAILS = 200  # rules of one report that are asked for
TIME_LIMIT = dt.timedelta(minutes=1)  # after the end of the list
RETRY_SECONDS = 2.0  # after a temporary error
# After these errors other rules would be refused as well.
REFUSALS = (
    cloud.Advice.PERMISSION,
    cloud.Advice.SERVICE_ROLE,
    cloud.Advice.WRONG_ACCOUNT,
    cloud.Advice.ACCESS_KEY,
    cloud.Advice.SECRET,
)

FactsByRule = dict[str, dict[str, Any]]


def build_rule_facts(rules: Iterable["CloudRule"]) -> dict[str, Any]:
    """Return what Report.stated_counts holds of the rules of a pack, and store their texts."""
    rules = list(rules)[:MAX_RULES]
    texts = {
        rule.rule_id: rule_texts.build_rule_text(
            description=rule.description,
            identifier=rule.identifier,
            resource_types=rule.resource_types,
        )
        for rule in rules
    }
    rule_texts.store_texts(texts.values())
    return {
        "parameters": {rule.rule_id: dict(rule.parameters) for rule in rules},
        "rules": {
            rule.rule_id: {
                "text": texts[rule.rule_id].text_hash,
                "name": rule.name[:MAX_RULE_NAME],
                "risk": rule.risk,
            }
            for rule in rules
        },
    }


def add_statuses(counts: dict[str, Any]) -> None:
    """Move the statuses of rules, where they are known, to the facts of the rules.

    Until these are fetched the statuses stay in counts["rule_statuses"].
    """
    if "rules" not in counts:
        return
    statuses, rules = counts.pop("rule_statuses", {}), counts["rules"]
    for rule_id in rules.keys() & statuses.keys():
        if statuses[rule_id] in Status.names:
            rules[rule_id]["status"] = statuses[rule_id]


def fetch_rule_details(report: Report, result_list: ResultList, is_stopped: IsStopped) -> float:
    """Ask the cloud why rules have no evaluation; set the answers in `report`, without saving.

    Return the seconds until the next call may be made, or 0 if no more calls are to be made.
    """
    ended_at = result_list.ended_at or timezone.now()
    if timezone.now() > ended_at + TIME_LIMIT:
        return 0.0
    try:
        with cloud_client.open_client(report.pack.account, is_stopped, attempts=1) as client:
            return ask_for_rules(client, report, result_list)
    except cloud.CloudError as error:
        return RETRY_SECONDS if error.is_temporary else 0.0


def ask_for_rules(client: "Client", report: Report, result_list: ResultList) -> float:
    """Make the calls that are allowed now. Return the seconds to wait, as fetch_rule_details."""
    pack = report.pack
    if "rules" not in report.stated_counts:  # not fetched with the file
        if wait := rate_limit.seconds_until_get_allowed(pack.account):
            return wait
        facts = build_rule_facts(client.get_pack(pack.pack_id).rules)
        report.stated_counts = {**report.stated_counts, **facts}
        add_statuses(report.stated_counts)
    rules: FactsByRule = report.stated_counts["rules"]
    for rule_id in find_rules_without_data(report, result_list):
        if wait := rate_limit.seconds_until_get_allowed(pack.account):
            return wait
        try:
            rules[rule_id] |= build_state_facts(client.get_config_rule(rule_id))
        except cloud.CloudError as error:
            if error.is_temporary or error.advice in REFUSALS:
                raise
            rules[rule_id]["is_gone"] = True
    return 0.0


def find_rules_without_data(report: Report, result_list: ResultList) -> list[str]:
    """Return the ids of the rules without an evaluation that have not been asked for yet.

    Where there is no complete list, they are those of which the cloud says that data are missing.
    """
    rules: FactsByRule = report.stated_counts["rules"]
    if result_list.is_complete:
        rule_ids = [rule_id for rule_id in rules if rule_id not in set(result_list.rule_ids)]
    else:
        insufficient = Status.INSUFFICIENT_DATA.name
        rule_ids = [
            rule_id for rule_id, rule in rules.items() if rule.get("status") == insufficient
        ]
    return [
        rule_id
        for rule_id in rule_ids[:MAX_DETAILS]
        if "state" not in rules[rule_id] and "is_gone" not in rules[rule_id]
    ]


def build_state_facts(detail: "RuleDetail") -> dict[str, Any]:
    """Return what Report.stated_counts holds of a rule without evaluations; store its text."""
    text = rule_texts.build_rule_text(
        description=detail.description,
        identifier=detail.identifier,
        resource_types=detail.resource_types,
        trigger_types=detail.trigger_types,
    )
    rule_texts.store_texts([text])
    return {
        "text": text.text_hash,
        "state": detail.state[:50],
        "error_code": detail.error_code,
        "error_message": detail.error_message,
        "evaluated_ms": max(detail.last_success_ms or 0, detail.last_failure_ms or 0) or None,
    }
