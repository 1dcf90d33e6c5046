"""CloudError, the exception for every error of the cloud, and the advice for each of its codes."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import unescape

MAX_MESSAGE = 300  # characters
MAX_CODE = 100  # characters


class Advice(StrEnum):
    """What the user should do about an error; the pages explain each advice in sentences."""

    WAIT = "wait"
    GONE_PACK = "gone_pack"
    GONE_GROUP = "gone_group"
    PERMISSION = "permission"
    WRONG_ACCOUNT = "wrong_account"
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
    NETWORK = "network"
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"
    TOO_LARGE = "too_large"
    BAD_ANSWER = "bad_answer"
    DEFECT = "defect"
    OTHER = "other"


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
    "ServiceUnavailable": Advice.RETRY_LATER,
    "InternalError": Advice.RETRY_LATER,
    "SignatureNonceUsed": Advice.RETRY_LATER,
    "Throttling": Advice.SLOW_DOWN,
    "InvalidAccessKeyId": Advice.ACCESS_KEY,
    "SignatureDoesNotMatch": Advice.SECRET,
    "IncompleteSignature": Advice.SECRET,
    "InvalidTimeStamp": Advice.CLOCK,
    "IllegalTimestamp": Advice.CLOCK,
    "InvalidSecurityToken": Advice.TOKEN,
    "MissingParameter": Advice.DEFECT,
    "InvalidParameter": Advice.DEFECT,
    "InvalidAction": Advice.DEFECT,
    "InvalidVersion": Advice.DEFECT,
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
    "ConnectionFailed": Advice.NETWORK,
    "TimedOut": Advice.TIMED_OUT,
    "CutOff": Advice.CUT_OFF,
    "TooLarge": Advice.TOO_LARGE,
    "BadAnswer": Advice.BAD_ANSWER,
}

TEMPORARY_CODES = {"SignatureNonceUsed", "ConnectionFailed", "TimedOut", "CutOff"}
TEMPORARY_ADVICE = {Advice.SLOW_DOWN, Advice.RETRY_LATER}


class CloudError(Exception):
    """The cloud refused a request, could not be reached, or gave an answer that cannot be read.

    `code` is the cloud's own Code, or one of ours if the cloud gave none (`ConnectionFailed`,
    `TimedOut`, `CutOff`, `BadAnswer`, `LinkExpired`, `ForbiddenHost`, `TooLarge`,
    `SecretUnreadable`, `NoAccessKey`), or where something belongs to `actual_id` and not
    to `expected_id` (`ForeignAccessKey`, `ForeignAccount`, `ForeignPack`, `ForeignFile`).
    `message` may be shown and logged: secrets, and all texts in `hide`, are removed from it.
    `status` is the HTTP status, 0 without an answer. If a permission is missing, `detail` is the
    RAM action that the AccessKey may not perform, such as `config:ListCompliancePacks`.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        request_id: str = "",
        detail: str = "",
        expected_id: str = "",
        actual_id: str = "",
        hide: Sequence[str] = (),
    ) -> None:
        self.expected_id = expected_id
        self.actual_id = clean_message(actual_id)
        self.code = clean_message(code, hide)[:MAX_CODE] or "BadAnswer"
        self.message = clean_message(message, hide)
        self.status = status
        self.request_id = clean_message(request_id, hide)
        self.detail = clean_message(detail, hide)
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
        if self.actual_id:
            facts |= {"expected_id": self.expected_id, "actual_id": self.actual_id}
        return facts

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed if it is repeated a little later."""
        # A proxy or gateway before the cloud answered, with a page that is not JSON.
        is_gateway_error = self.code == "BadAnswer" and self.status >= 500
        return self.code in TEMPORARY_CODES or self.advice in TEMPORARY_ADVICE or is_gateway_error


def find_advice(code: str) -> Advice:
    """Return the advice for an error code; OTHER for an unknown code.

    For `Throttling.User`, look for an entry of this code, then for one of `Throttling`.
    """
    return ADVICE_BY_CODE.get(code) or ADVICE_BY_CODE.get(code.partition(".")[0], Advice.OTHER)


def clean_message(message: str, hide: Sequence[str] = ()) -> str:
    """Return the message as one line that may be shown and logged, cut to MAX_MESSAGE characters.

    Remove the string to sign, the queries of URLs, AccessKey ids and the texts in `hide`.
    """
    # The message of SignatureDoesNotMatch ends with the text that the cloud signed, which includes
    # the AccessKey id. Keep only what comes before it.
    message = re.split(
        r"(?i)[\s,;:.]*(?:\b\w+\s+)?(?:string[\s-]*to[\s-]*sign|canonical[\s-]*request)", message
    )[0]
    message = re.sub(r"(?i)(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*", r"\1", message)
    message = re.sub(r"\bLTAI\w+", "***", message)
    for secret in filter(None, hide):
        message = message.replace(secret, "***")
    message = " ".join(
        "".join(character if character.isprintable() else " " for character in message).split()
    )
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def parse_json_error(
    answer: Mapping[str, Any], *, status: int, action: str, hide: Sequence[str] = ()
) -> CloudError:
    """Return the CloudError for an error that the API answers in JSON.

    The answer has the fields `RequestId`, `HostId`, `Code`, `Message`, `Recommend`, and sometimes
    `AccessDeniedDetail`.
    """
    code = str(answer.get("Code") or "BadAnswer")
    access_denied = answer.get("AccessDeniedDetail")
    missing_action = (
        str(access_denied.get("AuthAction") or "") if isinstance(access_denied, Mapping) else ""
    )
    if not missing_action and find_advice(code) is Advice.PERMISSION:
        missing_action = f"config:{action}"  # RAM names its actions after the operations
    return CloudError(
        code,
        str(answer.get("Message") or ""),
        status=status,
        request_id=str(answer.get("RequestId") or ""),
        detail=missing_action,
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
