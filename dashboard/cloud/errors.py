"""CloudError, the exception for every error of the cloud, and the advice for each of its codes."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import unescape

MAX_MESSAGE = 300  # characters
MAX_UNCLEANED_MESSAGE = 2000  # characters: the patterns below are slow on a very long text
MAX_CODE = 100  # characters
TOO_MANY_REQUESTS = 429  # the HTTP status


class Advice(StrEnum):
    """What the user should do about an error; the pages explain each advice in sentences."""

    WAIT = "wait"
    GONE_PACK = "gone_pack"
    GONE_GROUP = "gone_group"
    PERMISSION = "permission"
    WRONG_ACCOUNT = "wrong_account"
    SERVICE_ROLE = "service_role"
    GONE_RULE = "gone_rule"
    PAGE_TOKEN = "page_token"  # noqa: S105  # the name of an advice
    RETRY_LATER = "retry_later"
    SLOW_DOWN = "slow_down"
    ACCESS_KEY = "access_key"
    SECRET = "secret"  # noqa: S105  # the name of an advice
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105  # the name of an advice
    NO_ACCESS_KEY = "no_access_key"
    CLOCK = "clock"
    TOKEN = "token"  # noqa: S105  # the name of an advice
    LINK_EXPIRED = "link_expired"
    LINK_REFUSED = "link_refused"
    FORBIDDEN_HOST = "forbidden_host"
    FORBIDDEN_ENDPOINT = "forbidden_endpoint"
    NETWORK = "network"
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"
    TOO_LARGE = "too_large"
    RESULTS_ENDLESS = "results_endless"
    RESULTS_INCOMPLETE = "results_incomplete"
    RESULTS_TOO_LONG = "results_too_long"
    RESULTS_TIMED_OUT = "results_timed_out"
    BAD_ANSWER = "bad_answer"
    DEFECT = "defect"
    OTHER = "other"


class AnswerProblem(StrEnum):
    """What is wrong with an answer (the code BadAnswer); the pages explain each in a sentence.

    `detail` of the error names the field, the number or the status.
    """

    NOT_JSON = "not_json"
    NOT_OBJECT = "not_object"
    ENCODED = "encoded"
    TOO_LONG = "too_long"
    MISSING_FIELD = "missing_field"
    WRONG_FIELD = "wrong_field"
    OTHER_PACK = "other_pack"
    OTHER_RULE = "other_rule"
    NO_LINK = "no_link"
    BAD_LINK = "bad_link"
    LIST_INCOMPLETE = "list_incomplete"
    LIST_TOO_LONG = "list_too_long"
    HTTP_STATUS = "http_status"
    NOT_HTTP = "not_http"


# A code without a dot also covers the codes that begin with it and a dot: `Throttling` covers
# `Throttling.User`.
# https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-errorcodes
ADVICE_BY_CODE = {
    "CompliancePackReportCreating": Advice.WAIT,
    "Invalid.CompliancePackId.Value": Advice.GONE_PACK,
    "Invalid.AggregatorId.Value": Advice.GONE_GROUP,
    "NoPermission": Advice.PERMISSION,
    "Forbidden": Advice.PERMISSION,
    "AccountNotExisted": Advice.WRONG_ACCOUNT,
    "CloudConfigServiceRoleNotExisted": Advice.SERVICE_ROLE,
    "ConfigRuleNotExists": Advice.GONE_RULE,
    "Invalid.ConfigRuleId.Value": Advice.GONE_RULE,
    "ServiceUnavailable": Advice.RETRY_LATER,
    "InternalError": Advice.RETRY_LATER,
    "SignatureNonceUsed": Advice.RETRY_LATER,
    "ServerBusy": Advice.RETRY_LATER,
    "Throttling": Advice.SLOW_DOWN,
    "InvalidAccessKeyId": Advice.ACCESS_KEY,
    "MissingAccessKeyId": Advice.ACCESS_KEY,
    "InvalidAccessKeySecret": Advice.SECRET,
    "SignatureDoesNotMatch": Advice.SECRET,
    "IncompleteSignature": Advice.SECRET,
    "InvalidTimeStamp": Advice.CLOCK,
    "InvalidTimestamp": Advice.CLOCK,
    "IllegalTimestamp": Advice.CLOCK,
    # The documentation names no code for a token that is not known or has expired: these are what
    # operations with such a token answer elsewhere.
    "InvalidNextToken": Advice.PAGE_TOKEN,
    "Invalid.NextToken": Advice.PAGE_TOKEN,
    "InvalidParameter.NextToken": Advice.PAGE_TOKEN,
    "Invalid.NextToken.Value": Advice.PAGE_TOKEN,
    "InvalidSecurityToken": Advice.TOKEN,
    "MissingSecurityToken": Advice.TOKEN,
    "UnsupportedHTTPMethod": Advice.DEFECT,
    # Codes of OSS, which serves the files
    "AccessDenied": Advice.LINK_REFUSED,
    "NoSuchKey": Advice.LINK_REFUSED,
    "NoSuchBucket": Advice.LINK_REFUSED,
    "OSS": Advice.LINK_REFUSED,
    # Codes of our own
    "ForeignAccessKey": Advice.WRONG_ACCOUNT,
    "ForeignAccount": Advice.WRONG_ACCOUNT,
    "ForeignPack": Advice.WRONG_ACCOUNT,
    "ForeignFile": Advice.WRONG_ACCOUNT,
    "SecretUnreadable": Advice.SECRET_UNREADABLE,
    "NoAccessKey": Advice.NO_ACCESS_KEY,
    "LinkExpired": Advice.LINK_EXPIRED,
    "ForbiddenHost": Advice.FORBIDDEN_HOST,
    "ForbiddenEndpoint": Advice.FORBIDDEN_ENDPOINT,
    "ConnectionFailed": Advice.NETWORK,
    "TimedOut": Advice.TIMED_OUT,
    "CutOff": Advice.CUT_OFF,
    "TooLarge": Advice.TOO_LARGE,
    "ResultsEndless": Advice.RESULTS_ENDLESS,
    "ResultsIncomplete": Advice.RESULTS_INCOMPLETE,
    "ResultsTooLong": Advice.RESULTS_TOO_LONG,
    "ResultsTimedOut": Advice.RESULTS_TIMED_OUT,
    "BadAnswer": Advice.BAD_ANSWER,
}

# MissingPageSize, InvalidParameter, Invalid.ClientToken.Value: the request lacks a parameter, or
# has a wrong one. The codes above with such a name have an advice of their own.
PARAMETER_CODE = re.compile(r"(Missing|Invalid)[.A-Z]")

TEMPORARY_CODES = {"SignatureNonceUsed", "ConnectionFailed", "TimedOut", "CutOff"}
TEMPORARY_ADVICE = {Advice.SLOW_DOWN, Advice.RETRY_LATER}


class CloudError(Exception):
    """The cloud refused a request, could not be reached, or gave an answer that cannot be read.

    `code` is the cloud's own Code, or one of ours if the cloud gave none (`ConnectionFailed`,
    `TimedOut`, `CutOff`, `BadAnswer`, `LinkExpired`, `ForbiddenHost`, `ForbiddenEndpoint`,
    `TooLarge`, `SecretUnreadable`, `NoAccessKey`, and of a list of evaluation results
    `ResultsEndless`, `ResultsIncomplete`, `ResultsTooLong`, `ResultsTimedOut`), or where something
    belongs to `actual_id` and not to `expected_id` (`ForeignAccessKey`, `ForeignAccount`,
    `ForeignPack`, `ForeignFile`).
    `message` may be shown and logged: secrets, and all texts in `hide`, are removed from it. The
    other fields are not changed by `hide`: an AccessKey id could be a part of a code.
    `status` is the HTTP status, 0 without an answer. If a permission is missing, `detail` is the
    RAM action that the AccessKey may not perform, such as `config:ListCompliancePacks`; of a
    BadAnswer it is what `problem` is about, of a limit its name and value. `may_pass` marks an
    error that may not come again, though its code does not say so.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        request_id: str = "",
        detail: str = "",
        problem: str = "",
        may_pass: bool = False,
        expected_id: str = "",
        actual_id: str = "",
        hide: Sequence[str] = (),
    ) -> None:
        self.expected_id = expected_id
        self.actual_id = clean_message(actual_id)
        self.code = join_printable_words(code)[:MAX_CODE] or "BadAnswer"
        self.message = clean_message(message, hide)
        self.status = status
        self.request_id = join_printable_words(request_id)[:MAX_CODE]
        self.detail = join_printable_words(detail)[:MAX_CODE]
        self.problem = problem
        self.may_pass = may_pass
        super().__init__(self.code, self.message)

    def __str__(self) -> str:
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.code}: {self.message}{request}" if self.message else f"{self.code}{request}"

    @property
    def advice(self) -> Advice:
        """What the user should do about this error."""
        return find_advice(self.code)

    @property
    def facts(self) -> dict[str, str | int]:
        """All fields except the code, in the form in which the database stores them."""
        facts: dict[str, str | int] = {
            "message": self.message,
            "status": self.status,
            "request_id": self.request_id,
            "detail": self.detail,
        }
        if self.problem:
            facts["problem"] = self.problem
        if self.actual_id:
            facts |= {"expected_id": self.expected_id, "actual_id": self.actual_id}
        return facts

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed if it is repeated a little later."""
        # A proxy or gateway before the cloud answered, with a page that is not JSON.
        is_gateway_error = self.code == "BadAnswer" and self.status >= 500
        return (
            self.code in TEMPORARY_CODES
            or self.advice in TEMPORARY_ADVICE
            or self.status == TOO_MANY_REQUESTS
            or is_gateway_error
            or self.may_pass
        )


def find_advice(code: str) -> Advice:
    """Return the advice for an error code; OTHER for an unknown code.

    For `Throttling.User`, look for an entry of this code, then for one of `Throttling`.
    """
    for name in (code, code.partition(".")[0]):
        if name in ADVICE_BY_CODE:
            return ADVICE_BY_CODE[name]
    return Advice.DEFECT if PARAMETER_CODE.match(code) else Advice.OTHER


def clean_message(message: str, hide: Sequence[str] = ()) -> str:
    """Return the message as one line that may be shown and logged, cut to MAX_MESSAGE characters.

    Remove the string to sign, the queries of URLs, AccessKey ids and the texts in `hide`.
    """
    for secret in filter(None, hide):
        message = message.replace(secret, "***")
    message = join_printable_words(message)[:MAX_UNCLEANED_MESSAGE]
    # The message of SignatureDoesNotMatch ends with the text that the cloud signed, which includes
    # the AccessKey id. Keep only what comes before it.
    message = re.split(
        r"(?i)[\s,;:.]*(?:\b\w+\s+)?(?:string[\s-]*to[\s-]*sign|canonical[\s-]*request)", message
    )[0]
    message = re.sub(r"(?i)(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*", r"\1", message)
    message = re.sub(r"\bLTAI\w+", "***", message)
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def join_printable_words(text: str) -> str:
    """Return the text as one line: other characters become spaces, and spaces in a row one."""
    return " ".join(
        "".join(character if character.isprintable() else " " for character in text).split()
    )


def parse_json_error(
    answer: Mapping[str, Any], *, status: int, action: str, hide: Sequence[str] = ()
) -> CloudError:
    """Return the CloudError for an error that the API answers in JSON.

    The answer has the fields `RequestId`, `HostId`, `Code`, `Message`, `Recommend`, and sometimes
    `AccessDeniedDetail`. Gateways write the names in other cases, such as `code`.
    """
    fields = {name.lower(): value for name, value in answer.items()}
    code = join_printable_words(get_error_text(fields, "code"))
    if not code and 200 <= status < 300:
        return CloudError(
            "BadAnswer",
            f"{action} was answered with a Code that is none",
            status=status,
            problem=AnswerProblem.WRONG_FIELD,
            detail="Code",
            hide=hide,
        )
    if not code:
        return create_status_error(status, f"{action} was answered with status {status}", hide)
    access_denied = fields.get("accessdenieddetail")
    missing_action = (
        get_error_text(access_denied, "AuthAction") if isinstance(access_denied, Mapping) else ""
    )
    if not missing_action and find_advice(code) is Advice.PERMISSION:
        missing_action = f"config:{action}"  # RAM names its actions after the operations
    return CloudError(
        code,
        get_error_text(fields, "message"),
        status=status,
        request_id=get_error_text(fields, "requestid"),
        detail=missing_action,
        hide=hide,
    )


def has_error_code(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer is an error; its HTTP status may say otherwise."""
    return any(name.lower() == "code" and value not in (None, "") for name, value in answer.items())


def get_error_text(fields: Mapping[str, Any], name: str) -> str:
    """Return a field that holds a string or a number, as text; otherwise an empty string."""
    value = fields.get(name)
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_text else ""


def create_status_error(status: int, message: str, hide: Sequence[str] = ()) -> CloudError:
    """Return the error for an answer that states no code: its HTTP status is all that is known."""
    if status == TOO_MANY_REQUESTS:
        return CloudError("Throttling", message, status=status, hide=hide)
    return CloudError(
        "BadAnswer",
        message,
        status=status,
        problem=AnswerProblem.HTTP_STATUS,
        detail=str(status),
        hide=hide,
    )


def parse_xml_error(content: bytes, *, status: int, hide: Sequence[str] = ()) -> CloudError | None:
    """Return the CloudError for an `<Error>` document of OSS or of a gateway.

    Return None if the content is no such document.
    """
    # A regular expression is enough for three elements without children, and a hostile document
    # cannot attack it as it could attack an XML parser.
    text = content.decode(errors="replace")
    if "<Error" not in text:
        return None
    fields = {
        name: unescape(value)
        for name, value in re.findall(r"<(Code|Message|RequestId)>([^<]*)</\1>", text)
    }
    if "Code" not in fields:
        return None
    return CloudError(
        fields["Code"],
        fields.get("Message", ""),
        status=status,
        request_id=fields.get("RequestId", ""),
        hide=hide,
    )
