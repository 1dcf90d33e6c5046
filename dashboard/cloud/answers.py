"""Dataclasses for the JSON answers of the cloud, and functions that read the fields of the JSON.

In the JSON, optional fields may be missing, and ids may be numbers instead of strings.

https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-overview
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class CloudPack:
    """A compliance pack as the cloud lists it.

    `risk` is 1 high, 2 medium, 3 low, 0 not stated; `status` is ACTIVE or CREATING.
    """

    pack_id: str
    name: str
    account_id: str
    template_id: str
    description: str
    risk: int
    status: str
    created_at_ms: int | None

    @classmethod
    def from_json(cls, pack: JsonObject) -> Self:
        """Read a pack in the answer of ListCompliancePacks."""
        return cls(
            pack_id=get_required_text(pack, "CompliancePackId"),
            name=get_text(pack, "CompliancePackName"),
            account_id=get_text(pack, "AccountId"),
            template_id=get_text(pack, "CompliancePackTemplateId"),
            description=get_text(pack, "Description"),
            risk=get_integer(pack, "RiskLevel") or 0,
            status=get_text(pack, "Status"),
            created_at_ms=get_integer(pack, "CreateTimestamp"),
        )


@dataclass(frozen=True, kw_only=True)
class CloudRule:
    """A rule in a pack; `identifier` names its managed rule and is empty for a custom rule."""

    rule_id: str
    name: str
    description: str
    identifier: str
    resource_types: tuple[str, ...]
    risk: int
    parameters: Mapping[str, str]

    @classmethod
    def from_json(cls, rule: JsonObject) -> Self:
        """Read a rule in the answer of GetCompliancePack."""
        types = rule.get("ResourceTypesScope")
        # The documentation shows one comma-separated string; we accept a list as well.
        names = (
            types if isinstance(types, list) else get_text(rule, "ResourceTypesScope").split(",")
        )
        return cls(
            rule_id=get_required_text(rule, "ConfigRuleId"),
            name=get_text(rule, "ConfigRuleName"),
            description=get_text(rule, "Description"),
            identifier=get_text(rule, "ManagedRuleIdentifier"),
            resource_types=tuple(str(name).strip() for name in names if str(name).strip()),
            risk=get_integer(rule, "RiskLevel") or 0,
            parameters={
                get_text(parameter, "ParameterName"): get_text(parameter, "ParameterValue")
                for parameter in get_objects(rule, "ConfigRuleParameters")
            },
        )


@dataclass(frozen=True, kw_only=True)
class CloudPackDetail(CloudPack):
    """A pack with its rules and the text of its template."""

    rules: tuple[CloudRule, ...]
    template_content: str = field(repr=False)

    @classmethod
    def from_json(cls, pack: JsonObject) -> Self:
        """Read the answer of GetCompliancePack; `vars` gives the fields that CloudPack defines."""
        return cls(
            **vars(CloudPack.from_json(pack)),
            rules=tuple(CloudRule.from_json(rule) for rule in get_objects(pack, "ConfigRules")),
            template_content=get_text(pack, "TemplateContent"),
        )


@dataclass(frozen=True, kw_only=True)
class GenerateResult:
    """The answer to a request for a new report: the cloud is generating one.

    `joined` is true if the cloud was already generating this report before the request.
    """

    pack_id: str
    request_id: str
    joined: bool = False


@dataclass(frozen=True, kw_only=True)
class CloudReport:
    """A pack's latest report in the cloud.

    `status` is NONE, CREATING or COMPLETE; the cloud has no status for a failed report. Anybody who
    has `url` can download the file, so `url` is left out of the repr.
    """

    status: str
    created_at_ms: int | None
    url: str = field(repr=False)
    account_id: str
    pack_id: str = ""
    request_id: str

    @classmethod
    def from_json(cls, report: JsonObject, request_id: str) -> Self:
        """Read the answer of GetCompliancePackReport."""
        return cls(
            status=get_required_text(report, "ReportStatus"),
            created_at_ms=get_integer(report, "ReportCreateTimestamp"),
            url=get_text(report, "ReportUrl"),
            account_id=get_text(report, "AccountId"),
            pack_id=get_text(report, "CompliancePackId"),
            request_id=request_id,
        )


@dataclass(frozen=True, kw_only=True)
class CallerIdentity:
    """The account that an AccessKey belongs to, and the identity in it as a resource name (ARN)."""

    account_id: str
    arn: str
    request_id: str

    @classmethod
    def from_json(cls, answer: JsonObject) -> Self:
        return cls(
            account_id=get_required_text(answer, "AccountId"),
            arn=get_text(answer, "Arn"),
            request_id=get_text(answer, "RequestId"),
        )


@dataclass(frozen=True, kw_only=True)
class ComplianceCounts:
    """The number of rules, or of resources, with each status; None if the cloud gives no number."""

    total: int | None
    compliant: int | None
    non_compliant: int | None
    not_applicable: int | None
    insufficient_data: int | None
    ignored: int | None

    @classmethod
    def from_json(cls, counts: JsonObject) -> Self:
        """Read the counts in an answer; both operations that count use the same field names."""
        return cls(
            total=get_integer(counts, "TotalCount"),
            compliant=get_integer(counts, "CompliantCount"),
            non_compliant=get_integer(counts, "NonCompliantCount"),
            not_applicable=get_integer(counts, "NotApplicableCount"),
            insufficient_data=get_integer(counts, "InsufficientDataCount"),
            ignored=get_integer(counts, "IgnoredCount"),
        )


@dataclass(frozen=True, kw_only=True)
class RuleStatus:
    """The status of one rule in a pack, such as COMPLIANT or NON_COMPLIANT."""

    rule_id: str
    name: str
    status: str


@dataclass(frozen=True, kw_only=True)
class RuleCompliance(ComplianceCounts):
    """The number of rules of a pack with each status, and the status of each rule."""

    rules: tuple[RuleStatus, ...]

    @classmethod
    def from_json(cls, compliance: JsonObject) -> Self:
        """Read the answer of GetConfigRuleComplianceByPack.

        `vars` gives the count fields, which are inherited from ComplianceCounts.
        """
        return cls(
            **vars(ComplianceCounts.from_json(compliance)),
            rules=tuple(
                RuleStatus(
                    rule_id=get_required_text(rule, "ConfigRuleId"),
                    name=get_text(rule, "ConfigRuleName"),
                    status=get_text(rule, "ComplianceType"),
                )
                for rule in get_objects(compliance, "ConfigRuleCompliances")
            ),
        )


def get_required_object(parent: JsonObject, name: str) -> JsonObject:
    """Return the JSON object in a field; raise KeyError if it is missing or no object."""
    value = parent.get(name)
    if not isinstance(value, Mapping):
        raise KeyError(name)
    return value


def get_objects(parent: JsonObject, name: str) -> list[JsonObject]:
    """Return the JSON objects in a list field; leave out all other elements of the list.

    Return an empty list if the field is missing or no list.
    """
    value = parent.get(name)
    if not isinstance(value, list):
        return []
    return [element for element in value if isinstance(element, Mapping)]


def get_required_text(parent: JsonObject, name: str) -> str:
    """Return the text of a field; raise KeyError if the field is missing, null or empty."""
    value = get_text(parent, name)
    if not value:
        raise KeyError(name)
    return value


def get_text(parent: JsonObject, name: str) -> str:
    """Return a field that holds a string or a number, as text.

    Return an empty string if the field is missing or null.
    """
    value = parent.get(name)
    return str(value) if isinstance(value, str | int | float) else ""


def get_integer(parent: JsonObject, name: str) -> int | None:
    """Return a field that holds a number or a string of digits, as an integer.

    Return None for anything else.
    """
    value = get_text(parent, name)
    return int(value) if value.isdecimal() else None
