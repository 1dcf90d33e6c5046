"""The cloud's answers as plain data; whatever is optional may be missing, ids may be numbers.

https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-overview
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A compliance pack; `risk` is 1 high, 2 medium, 3 low, 0 not stated; `status` ACTIVE or CREATING."""

    pack_id: str
    name: str
    account_id: str
    template_id: str
    description: str
    risk: int
    status: str
    created_at_ms: int | None

    @classmethod
    def from_json(cls, item: Json) -> Self:
        return cls(
            pack_id=required(item, "CompliancePackId"),
            name=text(item, "CompliancePackName"),
            account_id=text(item, "AccountId"),
            template_id=text(item, "CompliancePackTemplateId"),
            description=text(item, "Description"),
            risk=number(item, "RiskLevel") or 0,
            status=text(item, "Status"),
            created_at_ms=number(item, "CreateTimestamp"),
        )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as a pack defines it; `identifier` is that of the managed rule, empty for one's own."""

    rule_id: str
    name: str
    description: str
    identifier: str
    resource_types: tuple[str, ...]
    risk: int
    parameters: Mapping[str, str]

    @classmethod
    def from_json(cls, item: Json) -> Self:
        types = item.get("ResourceTypesScope")
        # The documentation shows one string, comma-separated; a list is taken as well.
        names = types if isinstance(types, list) else text(item, "ResourceTypesScope").split(",")
        return cls(
            rule_id=required(item, "ConfigRuleId"),
            name=text(item, "ConfigRuleName"),
            description=text(item, "Description"),
            identifier=text(item, "ManagedRuleIdentifier"),
            resource_types=tuple(str(name).strip() for name in names if str(name).strip()),
            risk=number(item, "RiskLevel") or 0,
            parameters={
                text(one, "ParameterName"): text(one, "ParameterValue")
                for one in items(item, "ConfigRuleParameters")
            },
        )


@dataclass(frozen=True, kw_only=True)
class PackDetail(Pack):
    """A pack with its rules and the text of its template."""

    rules: tuple[Rule, ...]
    template_content: str = field(repr=False)

    @classmethod
    def from_json(cls, item: Json) -> Self:
        return cls(
            **vars(Pack.from_json(item)),
            rules=tuple(Rule.from_json(rule) for rule in items(item, "ConfigRules")),
            template_content=text(item, "TemplateContent"),
        )


@dataclass(frozen=True, kw_only=True)
class Generated:
    """The cloud makes a report; `joined` if it was at it already, for whomever."""

    pack_id: str
    request_id: str
    joined: bool = False


@dataclass(frozen=True, kw_only=True)
class ReportState:
    """A pack's latest report: NONE, CREATING or COMPLETE (there is no FAILED); `url` is a bearer secret."""

    status: str
    created_at_ms: int | None
    url: str = field(repr=False)
    account_id: str
    request_id: str

    @classmethod
    def from_json(cls, item: Json, request_id: str) -> Self:
        return cls(
            status=required(item, "ReportStatus"),
            created_at_ms=number(item, "ReportCreateTimestamp"),
            url=text(item, "ReportUrl"),
            account_id=text(item, "AccountId"),
            request_id=request_id,
        )


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many rules, or resources, have which status; None where the cloud does not say."""

    total: int | None
    compliant: int | None
    non_compliant: int | None
    not_applicable: int | None
    insufficient_data: int | None
    ignored: int | None

    @classmethod
    def from_json(cls, item: Json) -> Self:
        return cls(
            total=number(item, "TotalCount"),
            compliant=number(item, "CompliantCount"),
            non_compliant=number(item, "NonCompliantCount"),
            not_applicable=number(item, "NotApplicableCount"),
            insufficient_data=number(item, "InsufficientDataCount"),
            ignored=number(item, "IgnoredCount"),
        )


@dataclass(frozen=True, kw_only=True)
class RuleVerdict:
    """A rule's status in a pack, as COMPLIANT or NON_COMPLIANT."""

    rule_id: str
    name: str
    status: str


@dataclass(frozen=True, kw_only=True)
class RuleCompliance(Counts):
    """A pack's rules by status, counted and named."""

    rules: tuple[RuleVerdict, ...]

    @classmethod
    def from_json(cls, item: Json) -> Self:
        return cls(
            **vars(Counts.from_json(item)),
            rules=tuple(
                RuleVerdict(
                    rule_id=required(rule, "ConfigRuleId"),
                    name=text(rule, "ConfigRuleName"),
                    status=text(rule, "ComplianceType"),
                )
                for rule in items(item, "ConfigRuleCompliances")
            ),
        )


def member(item: Json, name: str) -> Json:
    """Return an object of the answer, without which the answer is none: KeyError."""
    value = item.get(name)
    if not isinstance(value, Mapping):
        raise KeyError(name)
    return value


def items(item: Json, name: str) -> list[Json]:
    """Return a list of objects; nothing for a missing or empty one."""
    value = item.get(name)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def required(item: Json, name: str) -> str:
    """Return a text without which the object means nothing: KeyError."""
    value = text(item, name)
    if not value:
        raise KeyError(name)
    return value


def text(item: Json, name: str) -> str:
    """Return a string or number as text, an empty one for what is missing or null."""
    value = item.get(name)
    return str(value) if isinstance(value, str | int | float) else ""


def number(item: Json, name: str) -> int | None:
    """Return an integer, also from a string of digits; None for anything else."""
    value = text(item, name)
    return int(value) if value.isdecimal() else None
