"""Build the rows of ListConfigRuleEvaluationResults.

Clients must survive how differently the cloud writes a value, so some rows here, always the same,
have an annotation that is escaped twice, numbers as text, or no owner or resource group.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from dashboard.sandbox.annotations import build_annotation_json
from dashboard.sandbox.evaluation_times import EvaluationTime, EvaluationTimes, list_triggers
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.resources import Resource, build_cloud_id, hash_to_number
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT

EvaluationRow = dict[str, Any]
MIN_IGNORED_DAYS = 400


class RowBuilder:
    """Build the rows of one rule's evaluations; what they have in common is computed once."""

    def __init__(self, state: PackState, rule: ManagedRule, times: EvaluationTimes) -> None:
        self._state, self._rule, self._times = state, rule, times
        self._first_trigger = list_triggers(rule)[0]
        self._latest_evaluation = times.find_latest_evaluation(rule)
        self._failing_annotation = build_annotation_json(rule, state.pack.language)
        self._common_fields = {
            "CompliancePackId": state.pack.id,
            "ConfigRuleArn": f"acs:config::{state.pack.uid}:rule/{rule.id}",
            "ConfigRuleId": rule.id,
            "ConfigRuleName": rule.get_name(state.pack.language),
        }

    def build(self, resource: Resource) -> EvaluationRow:
        """Return the row of the rule's evaluation of this resource, with the documented fields.

        The times of its changes stay the same from call to call; the time at which it was recorded
        is that of the latest evaluation.
        """
        number = hash_to_number(self._rule.id, resource.id)
        status = self._state.get_status(self._rule, resource)
        history = self._state.get_history(self._rule, resource)
        changed_ms = self._compute_time(history.changed_step, number)
        recorded = max(EvaluationTime(changed_ms, self._first_trigger), self._latest_evaluation)
        qualifier = self._build_qualifier(resource, number)
        invoked_ms = recorded.at_ms - 20 - number % 400
        row: EvaluationRow = {
            "Annotation": self._write_annotation(status, number),
            "ComplianceType": status,
            "ConfigRuleInvokedTimestamp": invoked_ms,
            "EvaluationId": f"er-{number >> 64:016x}{recorded.at_ms:x}",
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": qualifier,
                "OrderingTimestamp": invoked_ms,
            },
            "InvokingEventMessageType": recorded.trigger,
            "RemediationEnabled": False,
            "ResultRecordedTimestamp": recorded.at_ms,
            "RiskLevel": self._rule.risk,
        }
        if history.failing_step is not None:
            failing_ms = self._compute_time(history.failing_step, number)
            row["LastNonCompliantRecordTimestamp"] = failing_ms
        if history.fixed_step is not None:
            row["LastCompliantFixedTimestamp"] = self._compute_time(history.fixed_step, number)
        if status == IGNORED:
            ignored_ms = self._compute_time(history.ignored_step, number)
            qualifier |= _build_ignore_date(ignored_ms, number)
        return _write_numbers_as_text(row) if number % 11 == 0 else row

    def _compute_time(self, step: int | None, number: int) -> int:
        """Return the time of a change in milliseconds; without a step, that of the first report."""
        return self._times.compute_change_time(self._state.pack.id, step or 0, number)

    def _build_qualifier(self, resource: Resource, number: int) -> EvaluationRow:
        """Return which rule evaluated which resource."""
        qualifier: EvaluationRow = self._common_fields | {
            "RegionId": resource.region,
            "ResourceId": resource.id,
            "ResourceName": resource.name,
            "ResourceType": resource.type,
        }
        owner_form = (number >> 8) % 8
        if owner_form == 1:
            qualifier["ResourceOwnerId"] = resource.uid
        elif owner_form > 1:
            qualifier["ResourceOwnerId"] = int(resource.uid)
        if (number >> 16) % 6:
            qualifier["ResourceGroupId"] = find_resource_group(resource)
        return qualifier

    def _write_annotation(self, status: str, number: int) -> str:
        """Return the annotation as JSON text; some are escaped twice, with quotes or without."""
        annotation = ""
        if status in (NON_COMPLIANT, IGNORED):
            annotation = self._failing_annotation
        elif status == COMPLIANT and self._rule.operator == "Equals" and (number >> 32) % 10 == 0:
            annotation = _build_compliant_annotation(self._rule)
        form = (number >> 24) % 8
        if not annotation or form > 1:
            return annotation
        escaped = json.dumps(annotation, ensure_ascii=False)
        return escaped if form else escaped[1:-1]


def build_contradicting_row(row: EvaluationRow) -> EvaluationRow:
    """Return a row about the same rule and resource, with another status and recorded later."""
    other_status = COMPLIANT if row["ComplianceType"] == NON_COMPLIANT else NON_COMPLIANT
    later_ms = int(row["ResultRecordedTimestamp"]) + 1000
    return row | {"ComplianceType": other_status, "ResultRecordedTimestamp": later_ms}


def find_resource_group(resource: Resource) -> str:
    """Return the id of the resource group: each system of an account has its own."""
    return _build_resource_group_id(resource.uid, resource.tags)


@lru_cache(maxsize=1024)
def _build_resource_group_id(uid: str, tags: str) -> str:
    return build_cloud_id("rg", uid, tags)


def _build_ignore_date(ignored_ms: int, number: int) -> EvaluationRow:
    """Return the day on which an ignored result comes back; empty or missing if it never does."""
    if number % 3 == 0:
        return {"IgnoreDate": ""} if number % 2 else {}
    days = timedelta(days=MIN_IGNORED_DAYS + number % 400)
    return {"IgnoreDate": f"{datetime.fromtimestamp(ignored_ms / 1000, UTC) + days:%Y-%m-%d}"}


def _build_compliant_annotation(rule: ManagedRule) -> str:
    """Return an annotation for a resource that has the desired value."""
    annotation = {
        "configuration": rule.desired,
        "desiredValue": rule.desired,
        "operator": rule.operator,
        "property": rule.property,
    }
    return json.dumps(annotation, ensure_ascii=False)


def _write_numbers_as_text(row: EvaluationRow) -> EvaluationRow:
    """Return the row with all its numbers as text."""
    texts: EvaluationRow = {}
    for name, value in row.items():
        if isinstance(value, dict):
            texts[name] = _write_numbers_as_text(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            texts[name] = str(value)
        else:
            texts[name] = value
    return texts
