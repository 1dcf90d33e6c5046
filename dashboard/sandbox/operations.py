"""The operations of Cloud Config for one account, as documented for version 2020-09-07."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard.sandbox.accounts import PackPlan
from dashboard.sandbox.errors import ApiError
from dashboard.sandbox.estate import Estate
from dashboard.sandbox.faults import Faults
from dashboard.sandbox.reports import Links, Report, Reports
from dashboard.sandbox.request import Request
from dashboard.sandbox.state import (
    COMPLIANT,
    IGNORED,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
)

Answer = dict[str, Any]
POST, GET = "POST", "GET"
REPORT_STATUS = "GetCompliancePackReport"
TAGS = [{"TagKey": "team", "TagValue": "security"}]


class Operations:
    """Answers the calls that the gate has let through."""

    def __init__(
        self,
        estate: Estate,
        reports: Reports,
        links: Links,
        faults: Faults,
        clock: Callable[[], float],
    ) -> None:
        self._estate = estate
        self._reports = reports
        self._links = links
        self._faults = faults
        self._clock = clock
        self._table: dict[str, tuple[tuple[str, ...], Callable[[Request, str], Answer]]] = {
            "ListCompliancePacks": ((GET, POST), self._list_packs),
            "GetCompliancePack": ((GET,), self._get_pack),
            "GenerateCompliancePackReport": ((POST,), self._generate),
            REPORT_STATUS: ((GET,), self._get_report),
            "GetConfigRuleComplianceByPack": ((GET,), self._rule_compliance),
            "GetResourceComplianceByPack": ((GET,), self._resource_compliance),
        }

    def perform(self, action: str, request: Request, uid: str) -> Answer:
        """Return the answer without its RequestId, or raise the documented ApiError."""
        if action not in self._table:
            raise ApiError("InvalidAction.NotFound")
        methods, operation = self._table[action]
        if request.method not in methods:
            raise ApiError("UnsupportedHTTPMethod")
        return operation(request, uid)

    def _list_packs(self, request: Request, uid: str) -> Answer:
        query = dict(request.query)
        size, number = _whole(query, "PageSize", 10, 1, 100), _whole(query, "PageNumber", 1, 1)
        risk = _whole(query, "RiskLevel", 0, 1, 3)
        if query.get("Status", "ACTIVE") not in ("ACTIVE", "CREATING"):
            raise ApiError("InvalidParameter", "Status")
        packs = [
            plan
            for plan in self._estate.packs.values()
            if plan.uid == uid
            and risk in (0, plan.risk)
            and query.get("Status") != "CREATING"
            and _tagged(query)
        ]
        page = packs[(number - 1) * size : number * size]
        result = {
            "CompliancePacks": [_summary(plan) for plan in page],
            "PageNumber": number,
            "PageSize": size,
            "TotalCount": len(packs),
        }
        return {"CompliancePacksResult": result}

    def _get_pack(self, request: Request, uid: str) -> Answer:
        plan = self._pack(request.query, uid)
        rules = [
            {
                "ConfigRuleId": rule.id,
                "ConfigRuleName": rule.name(plan.language),
                "Description": rule.name(plan.language),
                "ManagedRuleIdentifier": rule.identifier,
                "ResourceTypesScope": rule.resource_type,
                "RiskLevel": rule.risk,
                "ConfigRuleParameters": [
                    {
                        "ParameterName": "desiredValue",
                        "ParameterValue": rule.desired,
                        "Required": False,
                    }
                ],
            }
            for rule in self._estate.state(plan.id).rules
        ]
        template = json.dumps(
            {"configRuleTemplates": [rule["ManagedRuleIdentifier"] for rule in rules]}
        )
        scope = {
            "RegionIdsScope": "",
            "ResourceGroupIdsScope": "",
            "TagsScope": [],
            "ExcludeTagsScope": [],
        }
        pack = _summary(plan) | {"TemplateContent": template, "ConfigRules": rules, "Scope": scope}
        return {"CompliancePack": pack}

    def _generate(self, request: Request, uid: str) -> Answer:
        plan = self._pack(request.form, uid)
        token = dict(request.form).get("ClientToken")
        if token is not None and (len(token) > 64 or not token.isascii()):
            raise ApiError("InvalidParameter", "ClientToken")
        if not self._reports.knows_token(plan.id, token):
            latest = self._reports.latest(plan.id)
            if latest and self._is_under_way(latest):
                raise ApiError("CompliancePackReportCreating")
            self._reports.generate(plan.id, token)
        return {"CompliancePackId": plan.id}

    def _get_report(self, request: Request, uid: str) -> Answer:
        plan = self._pack(request.query, uid)
        answer: Answer = {
            "AccountId": int(plan.uid),
            "CompliancePackId": plan.id,
            "ReportStatus": "NONE",
        }
        report = self._reports.latest(plan.id)
        if report and not report.told_complete:
            previous = self._reports.previous(plan.id)
            if previous and self._faults.hit("previous-report", REPORT_STATUS, plan.id):
                report = previous
        if report:
            answer["ReportCreateTimestamp"] = report.created_ms
            if self._is_under_way(report, spend=True):
                answer["ReportStatus"] = "CREATING"
            else:
                report.told_complete = True
                expired = self._faults.hit("expired-link", REPORT_STATUS, plan.id) is not None
                answer["ReportStatus"] = "COMPLETE"
                answer["ReportUrl"] = self._links.sign(request.base, report.path, expired=expired)
        return {"CompliancePackReport": answer}

    def _is_under_way(self, report: Report, *, spend: bool = False) -> bool:
        if report.told_complete:
            return False
        stuck = self._faults.hit(
            "never-completes", REPORT_STATUS, report.state.plan.id, spend=spend
        )
        return stuck is not None or self._clock() < report.ready_at

    def _rule_compliance(self, request: Request, uid: str) -> Answer:
        plan = self._pack(request.query, uid)
        state = self._estate.state(plan.id)
        rules = [
            {
                "ConfigRuleId": rule.id,
                "ConfigRuleName": rule.name(plan.language),
                "ComplianceType": state.rule_status(rule),
            }
            for rule in state.rules
        ]
        # But for the total, these are rules whose results *include* a status, so that they may add up to more.
        counts: Counter[str] = Counter()
        for rule in state.rules:
            counts.update(
                {state.rule_status(rule)}
                | {status for status, rows in state.rule_counts[rule.id].items() if rows}
            )
        return {
            "ConfigRuleComplianceResult": _counts(plan, len(rules), counts)
            | {"ConfigRuleCompliances": rules}
        }

    def _resource_compliance(self, request: Request, uid: str) -> Answer:
        plan = self._pack(request.query, uid)
        state = self._estate.state(plan.id)
        # A resource counts as compliant, or not applicable, once for each rule that says so; otherwise once.
        # https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-getresourcecompliancebypack
        repeated = {status: state.totals[status] for status in (COMPLIANT, NOT_APPLICABLE)}
        counts = state.distinct_resources | repeated
        return {"ResourceComplianceResult": _counts(plan, state.resource_totals.total(), counts)}

    def _pack(self, parameters: Sequence[tuple[str, str]], uid: str) -> PackPlan:
        """Return the pack that the call is about; one of another account is as unknown as none."""
        pack_id = dict(parameters).get("CompliancePackId")
        if not pack_id:
            raise ApiError("MissingParameter", "CompliancePackId")
        plan = self._estate.packs.get(pack_id)
        if plan is None or plan.uid != uid:
            raise ApiError("Invalid.CompliancePackId.Value")
        return plan


def _summary(plan: PackPlan) -> Answer:
    return {
        "AccountId": int(plan.uid),
        "CompliancePackId": plan.id,
        "CompliancePackName": plan.name,
        "CompliancePackTemplateId": plan.template_id,
        "CreateTimestamp": plan.created_ms,
        "Description": plan.description,
        "RiskLevel": plan.risk,
        "Status": "ACTIVE",
        "Tags": TAGS,
    }


def _counts(plan: PackPlan, total: int, counts: Mapping[str, int]) -> Answer:
    return {
        "CompliancePackId": plan.id,
        "TotalCount": total,
        "CompliantCount": counts[COMPLIANT],
        "NonCompliantCount": counts[NON_COMPLIANT],
        "NotApplicableCount": counts[NOT_APPLICABLE],
        "InsufficientDataCount": counts[INSUFFICIENT_DATA],
        "IgnoredCount": counts[IGNORED],
    }


def _whole(
    query: dict[str, str], name: str, default: int, least: int, most: int = 1_000_000
) -> int:
    stated = query.get(name)
    if stated is None:
        return default
    if not (stated.isascii() and stated.isdigit() and least <= int(stated) <= most):
        raise ApiError("InvalidParameter", name)
    return int(stated)


def _tagged(query: dict[str, str]) -> bool:
    """Whether the packs, which all carry the same tag, are among those that `Tag` (JSON) asks for."""
    try:
        wanted = json.loads(query.get("Tag", "[]"))
        return all(
            (tag["Key"], tag["Value"]) == (TAGS[0]["TagKey"], TAGS[0]["TagValue"]) for tag in wanted
        )
    except (ValueError, TypeError, KeyError):
        raise ApiError("InvalidParameter", "Tag") from None
