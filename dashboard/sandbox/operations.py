"""The operations of Cloud Config (API version 2020-09-07) and GetCallerIdentity of STS.

They are answered from the simulated state. Faults are failures that tests switch on (see faults).
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping

from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.api_errors import ApiError
from dashboard.sandbox.authentication import IDENTITY_ACTION
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.evaluation_operations import EvaluationOperations
from dashboard.sandbox.faults import FOREIGN_PACK_ID, FOREIGN_UID, Faults
from dashboard.sandbox.http_request import SandboxRequest
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.parameters import GET, POST, AnswerFields, Operation, find_pack, read_integer
from dashboard.sandbox.reports import ReportStore, SandboxReport
from dashboard.sandbox.resources import hash_to_number
from dashboard.sandbox.signed_links import LinkSigner
from dashboard.sandbox.statuses import (
    COMPLIANT,
    IGNORED,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
)

GET_REPORT = "GetCompliancePackReport"
# The tags of every pack.
TAGS = [{"TagKey": "team", "TagValue": "security"}]


class Operations:
    """Answer the operations, after authentication; `uid` is the id of the calling account."""

    def __init__(
        self,
        cloud_state: CloudState,
        reports: ReportStore,
        links: LinkSigner,
        faults: Faults,
        clock: Callable[[], float],
        evaluation_operations: EvaluationOperations,
    ) -> None:
        self._cloud_state = cloud_state
        self._reports = reports
        self._links = links
        self._faults = faults
        self._clock = clock
        self._operations: dict[str, Operation] = {
            "ListCompliancePacks": ((GET, POST), self._list_packs),
            "GetCompliancePack": ((GET,), self._get_pack),
            "GenerateCompliancePackReport": ((POST,), self._generate_report),
            GET_REPORT: ((GET,), self._get_report),
            "GetConfigRuleComplianceByPack": ((GET,), self._get_rule_compliance),
            IDENTITY_ACTION: ((GET, POST), self._get_caller_identity),
            "GetResourceComplianceByPack": ((GET,), self._get_resource_compliance),
            **evaluation_operations.list_operations(),
        }

    def list_names(self) -> list[str]:
        """Return the names of the operations."""
        return list(self._operations)

    def perform(self, action: str, request: SandboxRequest, uid: str) -> AnswerFields:
        """Return the fields of the answer without RequestId, or raise the documented ApiError."""
        if action not in self._operations:
            raise ApiError("InvalidAction.NotFound")
        methods, operation = self._operations[action]
        if request.method not in methods:
            raise ApiError("UnsupportedHTTPMethod")
        return operation(request, uid)

    def _list_packs(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer one page of the account's packs, filtered by risk, status and tag.

        All packs of the sandbox are ACTIVE, so the filter CREATING matches none.
        """
        query = request.parameters
        page_size = read_integer(query, "PageSize", default=10, minimum=1, maximum=100)
        page_number = read_integer(query, "PageNumber", default=1, minimum=1)
        risk = read_integer(query, "RiskLevel", default=0, minimum=1, maximum=3)
        if query.get("Status", "ACTIVE") not in ("ACTIVE", "CREATING"):
            raise ApiError("InvalidParameter", "Status")
        packs = [
            pack
            for pack in self._cloud_state.packs.values()
            if pack.uid == uid
            and risk in (0, pack.risk)
            and query.get("Status") != "CREATING"
            and _matches_tag_filter(query)
        ]
        page = packs[(page_number - 1) * page_size : page_number * page_size]
        result = {
            "CompliancePacks": [_build_pack_summary(pack) for pack in page],
            "PageNumber": page_number,
            "PageSize": page_size,
            "TotalCount": len(packs),
        }
        return {"CompliancePacksResult": result}

    def _get_pack(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer a pack with its current rules."""
        pack = find_pack(self._cloud_state, request.parameters, uid)
        rules = self._cloud_state.get_pack_state(pack.id).rules
        detail = {
            "TemplateContent": json.dumps(
                {"configRuleTemplates": [rule.identifier for rule in rules]}
            ),
            "ConfigRules": [_build_rule_detail(rule, pack.language) for rule in rules],
            "Scope": {
                "ExcludeRegionIdsScope": "",
                "ExcludeResourceGroupIdsScope": "",
                "ExcludeResourceIdsScope": "",
                "ExcludeTagsScope": [],
                "RegionIdsScope": "",
                "ResourceGroupIdsScope": "",
                "ResourceIdsScope": "",
                "TagKeyScope": "",
                "TagValueScope": "",
                "TagsScope": [],
            },
        }
        return {"CompliancePack": _build_pack_summary(pack) | detail}

    def _generate_report(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Start a report of a pack, unless this ClientToken has already started one.

        Raise ApiError if the pack's latest report is not complete yet.
        """
        form = dict(request.form)  # unlike the lists, it takes nothing from the query
        pack = find_pack(self._cloud_state, form, uid)
        token = form.get("ClientToken")
        if token is not None and (len(token) > 64 or not token.isascii()):
            raise ApiError("InvalidParameter", "ClientToken")
        if not self._reports.has_used_token(pack.id, token):
            latest = self._reports.get_latest(pack.id)
            if latest and not self._is_complete(latest, count_fault=False):
                raise ApiError("CompliancePackReportCreating")
            self._reports.generate(pack.id, token)
        return {"CompliancePackId": pack.id}

    def _get_caller_identity(self, _request: SandboxRequest, uid: str) -> AnswerFields:
        """Return the account of the AccessKey; STS asks for no permission."""
        user_id = f"2{hash_to_number('user', uid) % 10**17:017}"
        return {
            "IdentityType": "RAMUser",
            "AccountId": uid,
            "PrincipalId": user_id,
            "UserId": user_id,
            "Arn": f"acs:ram::{uid}:user/compliance-ledger",
        }

    def _get_report(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer the status of a pack's latest report, with a signed link if it is complete."""
        pack = find_pack(self._cloud_state, request.parameters, uid)
        is_foreign = self._faults.trigger("foreign-account", GET_REPORT, pack.id)
        is_foreign_pack = self._faults.trigger("foreign-pack", GET_REPORT, pack.id)
        fields: AnswerFields = {
            "AccountId": int(FOREIGN_UID if is_foreign else pack.uid),
            "CompliancePackId": FOREIGN_PACK_ID if is_foreign_pack else pack.id,
            "ReportStatus": "NONE",
        }
        report = self._choose_report_to_show(pack)
        if report:
            fields["ReportCreateTimestamp"] = report.created_ms
            if self._is_complete(report, count_fault=True):
                report.was_seen_complete = True
                fault = self._faults.trigger("expired-link", GET_REPORT, pack.id)
                fields["ReportStatus"] = "COMPLETE"
                fields["ReportUrl"] = self._links.sign(
                    request.base_url, report.path, expired=fault is not None
                )
            else:
                fields["ReportStatus"] = "CREATING"
        return {"CompliancePackReport": fields}

    def _choose_report_to_show(self, pack: SandboxPack) -> SandboxReport | None:
        """Return the pack's latest report, or None if it has no report.

        While the fault `previous-report` is on, return the report before the latest one, unless a
        client has already seen the latest one complete.
        """
        latest = self._reports.get_latest(pack.id)
        if latest and not latest.was_seen_complete:
            previous = self._reports.get_previous(pack.id)
            if previous and self._faults.trigger("previous-report", GET_REPORT, pack.id):
                return previous
        return latest

    def _is_complete(self, report: SandboxReport, *, count_fault: bool) -> bool:
        """Return whether a report is complete.

        While the fault `never-completes` is on, no report becomes complete. `count_fault` counts
        this request as one use of that fault.
        """
        if report.was_seen_complete:
            return True
        pack_id = report.state.pack.id
        if count_fault:
            is_blocked = self._faults.trigger("never-completes", GET_REPORT, pack_id) is not None
        else:
            is_blocked = self._faults.is_active("never-completes", GET_REPORT, pack_id)
        return not is_blocked and self._clock() >= report.ready_at

    def _get_rule_compliance(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer the status of each rule of a pack, and the number of rules by status."""
        pack = find_pack(self._cloud_state, request.parameters, uid)
        state = self._cloud_state.get_pack_state(pack.id)
        rules = [
            {
                "ConfigRuleId": rule.id,
                "ConfigRuleName": rule.get_name(pack.language),
                "ComplianceType": state.get_rule_status(rule),
            }
            for rule in state.rules
        ]
        # A rule counts once for each status that its evaluations have. The sum of the counts may
        # therefore be greater than the total.
        counts: Counter[str] = Counter()
        for rule in state.rules:
            evaluation_statuses = {
                status for status, count in state.rule_counts[rule.id].items() if count
            }
            counts.update({state.get_rule_status(rule)} | evaluation_statuses)
        return {
            "ConfigRuleComplianceResult": _build_counts(pack, len(rules), counts)
            | {"ConfigRuleCompliances": rules}
        }

    def _get_resource_compliance(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer the number of resources by status."""
        pack = find_pack(self._cloud_state, request.parameters, uid)
        state = self._cloud_state.get_pack_state(pack.id)
        # A resource counts as COMPLIANT or NOT_APPLICABLE once for each rule with that result; for
        # each other status it counts only once.
        # https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-getresourcecompliancebypack
        counts = state.distinct_resources | {
            status: state.totals[status] for status in (COMPLIANT, NOT_APPLICABLE)
        }
        total = state.resource_totals.total()
        return {"ResourceComplianceResult": _build_counts(pack, total, counts)}


def _build_pack_summary(pack: SandboxPack) -> AnswerFields:
    return {
        "AccountId": int(pack.uid),
        "CompliancePackId": pack.id,
        "CompliancePackName": pack.name,
        "CompliancePackTemplateId": pack.template_id,
        "CreateTimestamp": pack.created_ms,
        "Description": pack.description,
        "RiskLevel": pack.risk,
        "Status": "ACTIVE",
        "Tags": TAGS,
    }


def _build_rule_detail(rule: ManagedRule, language: str) -> AnswerFields:
    parameter = {
        "ParameterName": "desiredValue",
        "ParameterValue": rule.desired,
        "Required": False,
    }
    return {
        "ConfigRuleId": rule.id,
        "ConfigRuleName": rule.get_name(language),
        "Description": rule.get_description(language),
        "ManagedRuleIdentifier": rule.identifier,
        "ResourceTypesScope": rule.resource_type,
        "RiskLevel": rule.risk,
        "ConfigRuleParameters": [parameter],
    }


def _build_counts(pack: SandboxPack, total: int, counts: Mapping[str, int]) -> AnswerFields:
    return {
        "CompliancePackId": pack.id,
        "TotalCount": total,
        "CompliantCount": counts[COMPLIANT],
        "NonCompliantCount": counts[NON_COMPLIANT],
        "NotApplicableCount": counts[NOT_APPLICABLE],
        "InsufficientDataCount": counts[INSUFFICIENT_DATA],
        "IgnoredCount": counts[IGNORED],
    }


def _matches_tag_filter(query: dict[str, str]) -> bool:
    """Return whether the tag that all packs have matches the parameter `Tag`, a JSON list."""
    [pack_tag] = TAGS  # the only one
    try:
        return all(
            (tag["Key"], tag["Value"]) == (pack_tag["TagKey"], pack_tag["TagValue"])
            for tag in json.loads(query.get("Tag", "[]"))
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ApiError("InvalidParameter", "Tag") from None
