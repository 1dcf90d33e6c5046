"""Dataclasses for the answers about evaluations: their results, and the state of a rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Self

from dashboard.cloud.answers import (
    AnswerError,
    JsonObject,
    get_id,
    get_integer,
    get_objects,
    get_required_object,
    get_text,
    get_timestamp,
    get_words,
)
from dashboard.cloud.errors import AnswerProblem, clean_message

MAX_TOKEN_LENGTH = 2000  # characters; it is sent back in the address of the next request
MAX_ERROR_CODE = 100  # characters
RECORDED = "ResultRecordedTimestamp"


@dataclass(frozen=True, kw_only=True)
class ResultPage:
    """One page of the evaluation results of a pack.

    `body` is the answer exactly as it came, in UTF-8 and valid as strict JSON. `next_token` is
    empty on the last page. The other fields tell what is in the rows: their number, the ids of
    their rules and of the accounts that own their resources, and the first and the last time, in
    milliseconds, at which a result was recorded (None if no row states one). `fingerprint` is equal
    for two pages of as many rows that begin and end with the same rows; it is empty without rows.
    """

    body: bytes = field(repr=False)
    next_token: str
    row_count: int
    rule_ids: frozenset[str]
    account_ids: frozenset[str]
    first_recorded_ms: int | None
    last_recorded_ms: int | None
    request_id: str
    fingerprint: str = field(repr=False)

    @classmethod
    def from_json(cls, answer: JsonObject, body: bytes, pack_id: str) -> Self:
        """Read the answer of ListConfigRuleEvaluationResults; raise AnswerError if it has no list.

        Of each row only what is needed to fetch the list is read; the rows themselves are read from
        the body later.
        """
        result = get_required_object(answer, "EvaluationResults")
        if result.get("EvaluationResultList") is None:
            raise AnswerError(AnswerProblem.MISSING_FIELD, "EvaluationResultList")
        rows = get_objects(result, "EvaluationResultList")
        qualifiers = [get_qualifier(row) for row in rows]
        recorded_ms = list_recorded_times(rows)
        for other_id in collect_texts(qualifiers, "CompliancePackId") - {"", pack_id}:
            raise AnswerError(AnswerProblem.OTHER_PACK, other_id)
        next_token = get_text(result, "NextToken")
        if len(next_token) > MAX_TOKEN_LENGTH:
            raise AnswerError(AnswerProblem.WRONG_FIELD, "NextToken")
        return cls(
            body=body,
            next_token=next_token,
            row_count=len(rows),
            rule_ids=collect_rule_ids(qualifiers),
            account_ids=collect_texts(qualifiers, "ResourceOwnerId") - {""},
            first_recorded_ms=min(recorded_ms, default=None),
            last_recorded_ms=max(recorded_ms, default=None),
            request_id=get_text(answer, "RequestId"),
            fingerprint=compute_fingerprint(rows),
        )


@dataclass(frozen=True, kw_only=True)
class RuleDetail:
    """A rule, its state, and how its last evaluations ended.

    `state` is ACTIVE, DELETING, EVALUATING or INACTIVE. The times are milliseconds, None if the
    cloud states none; the error is of the last evaluation that failed.
    """

    rule_id: str
    name: str
    description: str
    identifier: str
    resource_types: tuple[str, ...]
    trigger_types: str
    state: str
    last_success_ms: int | None
    last_failure_ms: int | None
    error_code: str
    error_message: str

    @classmethod
    def from_json(cls, rule: JsonObject, asked_id: str) -> Self:
        """Read the answer of GetConfigRule; raise AnswerError if it is about another rule."""
        rule_id = get_id(rule, "ConfigRuleId")
        if rule_id != asked_id:
            raise AnswerError(AnswerProblem.OTHER_RULE, rule_id)
        managed_rule = get_optional_object(rule, "ManagedRule")
        source = get_optional_object(rule, "Source")
        status = get_optional_object(rule, "ConfigRuleEvaluationStatus")
        return cls(
            rule_id=rule_id,
            name=get_text(rule, "ConfigRuleName"),
            description=get_text(rule, "Description"),
            identifier=get_text(managed_rule, "Identifier") or get_text(source, "Identifier"),
            resource_types=get_words(rule, "ResourceTypesScope"),
            trigger_types=get_text(rule, "ConfigRuleTriggerTypes"),
            state=get_text(rule, "ConfigRuleState"),
            last_success_ms=get_optional_time(status, "LastSuccessfulEvaluationTimestamp"),
            last_failure_ms=get_optional_time(status, "LastFailedEvaluationTimestamp"),
            error_code=get_text(status, "LastErrorCode")[:MAX_ERROR_CODE],
            error_message=clean_message(get_text(status, "LastErrorMessage")),
        )

    def was_evaluated_since(self, since_ms: int) -> bool:
        """Return whether an evaluation has ended, well or not, at this time or later."""
        return max(self.last_success_ms or 0, self.last_failure_ms or 0) >= since_ms


@dataclass(frozen=True, kw_only=True)
class EvaluationStart:
    """The answer to a request to evaluate a pack again.

    `asked_ms` is when the request was made, by the cloud's clock if it told its time, otherwise by
    ours; it is never later than the request.
    """

    request_id: str
    asked_ms: int

    @classmethod
    def from_json(cls, answer: JsonObject, asked_ms: int) -> Self:
        """Read the answer of StartConfigRuleEvaluation; raise AnswerError if nothing was done."""
        if answer.get("Result") not in (None, True, "true"):
            raise AnswerError(AnswerProblem.WRONG_FIELD, "Result")
        return cls(request_id=get_text(answer, "RequestId"), asked_ms=asked_ms)


def get_qualifier(row: JsonObject) -> JsonObject:
    """Return what identifies the rule and the resource of a row; raise AnswerError if missing."""
    # The right shape is recognised by the types themselves: this runs for each row of a list.
    identifier = row.get("EvaluationResultIdentifier")
    if type(identifier) is dict:
        qualifier = identifier.get("EvaluationResultQualifier")
        if type(qualifier) is dict:
            return qualifier
    identifier = get_required_object(row, "EvaluationResultIdentifier")
    return get_required_object(identifier, "EvaluationResultQualifier")


def compute_fingerprint(rows: list[JsonObject]) -> str:
    """Return a hash of the number of rows and of the first and the last; "" without rows.

    Raise AnswerError if a row cannot be written as text.
    """
    if not rows:
        return ""
    try:
        text = f"{len(rows)} {rows[0]} {rows[-1]}"
    except RecursionError as error:  # a row is nested about a thousand deep
        raise AnswerError(AnswerProblem.WRONG_FIELD, "EvaluationResultList") from error
    return blake2b(text.encode(), digest_size=12).hexdigest()


def list_recorded_times(rows: list[JsonObject]) -> list[int]:
    """Return the times, in milliseconds, at which the results were recorded; 0 states none.

    Only the first, the last and those that are no plain integer are checked: a page has 100 rows,
    and a list thousands of pages.
    """
    values = [row.get(RECORDED) for row in rows]
    plain_values = [value for value in values if type(value) is int and value]
    odd_values = [value for value in values if type(value) is not int]
    for value in (min(plain_values, default=None), max(plain_values, default=None), *odd_values):
        time_ms = get_optional_time({RECORDED: value}, RECORDED)
        if time_ms is not None:
            plain_values.append(time_ms)
    return plain_values


def collect_texts(objects: list[JsonObject], name: str) -> frozenset[str]:
    """Return the different values of a field of these objects, as texts."""
    return frozenset(get_text({name: value}, name) for value in collect_values(objects, name))


def collect_rule_ids(qualifiers: list[JsonObject]) -> frozenset[str]:
    """Return the ids of the rows' rules; raise AnswerError if a row states none."""
    return frozenset(map(check_rule_id, collect_values(qualifiers, "ConfigRuleId")))


@lru_cache(maxsize=5_000, typed=True)  # the pages of a list name the same rules again and again
def check_rule_id(value: object) -> str:
    """Return the id of a rule as text; raise AnswerError if it is none."""
    return get_id({"ConfigRuleId": value}, "ConfigRuleId")


def collect_values(objects: list[JsonObject], name: str) -> set[Any]:
    """Return the different values of a field; raise AnswerError if one is an object or a list."""
    try:
        return {element.get(name) for element in objects}
    except TypeError:  # it cannot be in a set
        raise AnswerError(AnswerProblem.WRONG_FIELD, name) from None


def get_optional_object(parent: JsonObject, name: str) -> Mapping[str, Any]:
    """Return the JSON object in a field, an empty one if the field is missing or null."""
    return {} if parent.get(name) is None else get_required_object(parent, name)


def get_optional_time(parent: JsonObject, name: str) -> int | None:
    """Return a time in milliseconds; None if the field is missing or 0."""
    value = get_integer(parent, name)
    return get_timestamp(parent, name) if value else None
