"""Dataclasses for the JSON answers of the cloud, and functions that read the fields of the JSON.

In the JSON, optional fields may be missing, and ids may be numbers instead of strings. A field with
a value that it cannot have raises AnswerError.

https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-overview
"""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dashboard.cloud.errors import AnswerProblem

JsonObject = Mapping[str, Any]
MAX_ID_LENGTH = 64
MAX_DIGITS = 18  # of a number; a 64-bit integer has room for them
FIRST_TIMESTAMP_MS = 1_420_070_400_000  # 2015: Cloud Config did not exist before
MAX_FUTURE_MS = 24 * 60 * 60 * 1000
REPORT_STATUSES = ("NONE", "CREATING", "COMPLETE")
RISK_LEVELS = (1, 2, 3)


class AnswerError(Exception):
    """An answer of the cloud lacks something, or states what cannot be.

    `detail` names the field, or the value that the problem is about.
    """

    def __init__(self, problem: AnswerProblem, detail: str) -> None:
        super().__init__(problem, detail)
        self.problem = problem
        self.detail = detail


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
            pack_id=get_id(pack, "CompliancePackId"),
            name=get_text(pack, "CompliancePackName"),
            account_id=get_text(pack, "AccountId"),
            template_id=get_text(pack, "CompliancePackTemplateId")[:MAX_ID_LENGTH],
            description=get_text(pack, "Description"),
            risk=get_risk(pack),
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
        return cls(
            rule_id=get_id(rule, "ConfigRuleId"),
            name=get_text(rule, "ConfigRuleName"),
            description=get_text(rule, "Description"),
            identifier=get_text(rule, "ManagedRuleIdentifier"),
            resource_types=get_words(rule, "ResourceTypesScope"),
            risk=get_risk(rule),
            parameters={
                get_text(parameter, "ParameterName"): get_text(parameter, "ParameterValue")
                for parameter in get_objects(rule, "ConfigRuleParameters")
            },
        )


@dataclass(frozen=True, kw_only=True)
class CloudPackDetail(CloudPack):
    """A pack with its rules."""

    rules: tuple[CloudRule, ...]

    @classmethod
    def from_json(cls, pack: JsonObject) -> Self:
        """Read the answer of GetCompliancePack; `vars` gives the fields that CloudPack defines."""
        return cls(
            **vars(CloudPack.from_json(pack)),
            rules=tuple(CloudRule.from_json(rule) for rule in get_objects(pack, "ConfigRules")),
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
        """Read the answer of GetCompliancePackReport.

        A complete report without a link, or without the time at which it was created, cannot be
        told from the one before it: raise AnswerError.
        """
        status = get_required_text(report, "ReportStatus")
        if status not in REPORT_STATUSES:
            raise AnswerError(AnswerProblem.WRONG_FIELD, "ReportStatus")
        cloud_report = cls(
            status=status,
            created_at_ms=get_timestamp(report, "ReportCreateTimestamp"),
            url=get_text(report, "ReportUrl"),
            account_id=get_text(report, "AccountId"),
            pack_id=get_text(report, "CompliancePackId"),
            request_id=request_id,
        )
        if status == "COMPLETE" and not cloud_report.url:
            raise AnswerError(AnswerProblem.NO_LINK, "ReportUrl")
        if status == "COMPLETE" and cloud_report.created_at_ms is None:
            raise AnswerError(AnswerProblem.MISSING_FIELD, "ReportCreateTimestamp")
        return cloud_report


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
                    rule_id=get_id(rule, "ConfigRuleId"),
                    name=get_text(rule, "ConfigRuleName"),
                    status=get_text(rule, "ComplianceType"),
                )
                for rule in get_objects(compliance, "ConfigRuleCompliances")
            ),
        )


@dataclass(frozen=True, kw_only=True)
class PackPage:
    """One page of the list of packs; `total` is the number of packs on all pages."""

    total: int
    packs: tuple[CloudPack, ...]

    @classmethod
    def from_json(cls, answer: JsonObject) -> Self:
        """Read the answer of ListCompliancePacks; raise AnswerError if it holds no list."""
        result = get_required_object(answer, "CompliancePacksResult")
        if result.get("CompliancePacks") is None:
            raise AnswerError(AnswerProblem.MISSING_FIELD, "CompliancePacks")
        total = get_integer(result, "TotalCount")
        if total is None:
            raise AnswerError(AnswerProblem.MISSING_FIELD, "TotalCount")
        packs = get_objects(result, "CompliancePacks")
        return cls(total=total, packs=tuple(CloudPack.from_json(pack) for pack in packs))


def require_pack(answer: JsonObject, pack_id: str) -> JsonObject:
    """Return the object if it is about this pack; raise AnswerError if it names another one."""
    actual_id = get_text(answer, "CompliancePackId")
    if actual_id not in {"", pack_id}:
        raise AnswerError(AnswerProblem.OTHER_PACK, actual_id)
    return answer


def get_required_object(parent: JsonObject, name: str) -> JsonObject:
    """Return the JSON object in a field; raise AnswerError if it is missing or no object."""
    value = parent.get(name)
    if value is None:
        raise AnswerError(AnswerProblem.MISSING_FIELD, name)
    if not isinstance(value, Mapping):
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    return value


def get_objects(parent: JsonObject, name: str) -> list[JsonObject]:
    """Return the JSON objects in a list field; an empty list if the field is missing or null.

    Raise AnswerError if it is no list, or holds anything but objects.
    """
    value = parent.get(name)
    if value is None:
        return []
    # `type` first: it is several times faster, and lists may have many elements.
    if not isinstance(value, list) or not all(
        type(element) is dict or isinstance(element, Mapping) for element in value
    ):
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    return value


def get_words(parent: JsonObject, name: str) -> tuple[str, ...]:
    """Return the words of a field: the documentation shows a text with commas, we accept a list."""
    value = parent.get(name)
    texts = value if isinstance(value, list) else get_text(parent, name).split(",")
    words = (get_text({name: text}, name).strip() for text in texts)
    return tuple(word for word in words if word)


def get_id(parent: JsonObject, name: str) -> str:
    """Return an id; raise AnswerError if it is missing, too long, or holds a blank."""
    value = get_required_text(parent, name)
    if len(value) > MAX_ID_LENGTH or not re.fullmatch(r"\S+", value):
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    return value


def get_required_text(parent: JsonObject, name: str) -> str:
    """Return the text of a field; raise AnswerError if the field is missing, null or empty."""
    value = get_text(parent, name)
    if not value:
        raise AnswerError(AnswerProblem.MISSING_FIELD, name)
    return value


def get_text(parent: JsonObject, name: str) -> str:
    """Return a field that holds a string or a number, as text.

    Return an empty string if the field is missing or null. Raise AnswerError for any other value,
    and for a text that cannot be stored: with a NUL, or with half of a surrogate pair.
    """
    value = parent.get(name)
    if value is None:
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str) and not (is_number and math.isfinite(value)):
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    text = str(value)
    if re.search("[\0\ud800-\udfff]", text):
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    return text


def get_integer(parent: JsonObject, name: str) -> int | None:
    """Return a field that holds a number or a string of digits, as an integer.

    Return None if it is missing, null or empty; raise AnswerError for anything else.
    """
    text = get_text(parent, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    return int(text)


def get_timestamp(parent: JsonObject, name: str) -> int | None:
    """Return a time in milliseconds; raise AnswerError if it is before 2015 or in the future."""
    value = get_integer(parent, name)
    last_ms = time.time() * 1000 + MAX_FUTURE_MS
    if value is not None and not FIRST_TIMESTAMP_MS <= value <= last_ms:
        raise AnswerError(AnswerProblem.WRONG_FIELD, name)
    return value


def get_risk(parent: JsonObject) -> int:
    """Return the risk level, 1 to 3; 0 if none of them is stated."""
    risk = get_integer(parent, "RiskLevel")
    return risk if risk in RISK_LEVELS else 0
