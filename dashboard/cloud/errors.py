"""What can go wrong between us and the cloud, as one exception with a code and an advice."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import unescape

MAX_MESSAGE = 300
MAX_CODE = 100


class Advice(StrEnum):
    """What a reader should do, as a stable key; `dashboard.causes` has the words."""

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


# A key stands for itself and, if it has no dot, for every code that begins with it and a dot.
# https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-errorcodes
ADVICE = {
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
    # OSS, which serves the file
    "AccessDenied": Advice.LINK_REFUSED,
    "NoSuchKey": Advice.LINK_REFUSED,
    "NoSuchBucket": Advice.LINK_REFUSED,
    "OSS": Advice.LINK_REFUSED,
    # our own
    "SecretUnreadable": Advice.SECRET_UNREADABLE,
    "LinkExpired": Advice.LINK_EXPIRED,
    "ForbiddenHost": Advice.FORBIDDEN_HOST,
    "ConnectionFailed": Advice.NETWORK,
    "TimedOut": Advice.TIMED_OUT,
    "CutOff": Advice.CUT_OFF,
    "TooLarge": Advice.TOO_LARGE,
    "BadAnswer": Advice.BAD_ANSWER,
}

PASSING_CODES = {"SignatureNonceUsed", "ConnectionFailed", "TimedOut", "CutOff"}
PASSING_ADVICE = {Advice.SLOW_DOWN, Advice.RETRY_LATER}


class CloudError(Exception):
    """The cloud refused, could not be reached, or answered what nobody can read.

    `code` is the cloud's own Code, or one of ours where the cloud gave none (`ConnectionFailed`, `TimedOut`, `CutOff`,
    `BadAnswer`, `LinkExpired`, `ForbiddenHost`, `TooLarge`, `SecretUnreadable`). `message` is fit to be shown and
    logged. `status` is the HTTP status, 0 without an answer. `detail` is the RAM action that is missing, as
    `config:ListCompliancePacks`, where a permission is.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        request_id: str = "",
        detail: str = "",
        hide: Sequence[str] = (),
    ) -> None:
        self.code = clean(code, hide)[:MAX_CODE] or "BadAnswer"
        self.message = clean(message, hide)
        self.status = status
        self.request_id = clean(request_id, hide)
        self.detail = clean(detail, hide)
        super().__init__(self.code, self.message)

    def __str__(self) -> str:
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.code}: {self.message}{request}" if self.message else f"{self.code}{request}"

    @property
    def advice_key(self) -> Advice:
        """What a reader should do."""
        return advice_for(self.code)

    @property
    def facts(self) -> dict[str, str | int]:
        """All but the code, to be stored beside it."""
        return {
            "message": self.message,
            "status": self.status,
            "request_id": self.request_id,
            "detail": self.detail,
        }

    @property
    def passing(self) -> bool:
        """Tell whether the same request may succeed a little later."""
        broken_gateway = self.code == "BadAnswer" and self.status >= 500
        return self.code in PASSING_CODES or self.advice_key in PASSING_ADVICE or broken_gateway


def advice_for(code: str) -> Advice:
    """Find the advice for a code of the cloud or of ours; a code nobody has heard of gives OTHER."""
    return ADVICE.get(code) or ADVICE.get(code.partition(".")[0], Advice.OTHER)


def clean(message: str, hide: Sequence[str] = ()) -> str:
    """Make a foreign message fit to be shown: one line, without string to sign, queries of addresses and `hide`."""
    # SignatureDoesNotMatch echoes what the cloud has signed, the AccessKey id within.
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


def from_json(
    answer: Mapping[str, Any], *, status: int, action: str, hide: Sequence[str] = ()
) -> CloudError:
    """Read the cloud's error `{RequestId, HostId, Code, Message, Recommend[, AccessDeniedDetail]}`."""
    code = str(answer.get("Code") or "BadAnswer")
    denied = answer.get("AccessDeniedDetail")
    missing = str(denied.get("AuthAction") or "") if isinstance(denied, Mapping) else ""
    if not missing and advice_for(code) is Advice.PERMISSION:
        missing = f"config:{action}"  # RAM names its actions after the operations
    return CloudError(
        code,
        str(answer.get("Message") or ""),
        status=status,
        request_id=str(answer.get("RequestId") or ""),
        detail=missing,
        hide=hide,
    )


def from_xml(content: bytes, *, status: int, hide: Sequence[str] = ()) -> CloudError | None:
    """Read the `<Error>` document of OSS, and of a gateway that does not speak JSON; None if it is none."""
    # No parser: the three elements are flat, and a hostile document has nothing to work on.
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
