"""The gate: who calls, and are signature, time, nonce and token right; if not, the cloud's own error."""

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard import signing
from dashboard.sandbox.errors import ApiError
from dashboard.sandbox.request import Request

WINDOW_SECONDS = 15 * 60
API_VERSION = "2020-09-07"


@dataclass(frozen=True)
class Credential:
    """An AccessKey of an account; with a token it is a temporary one of STS."""

    id: str
    secret: str
    uid: str
    token: str | None = None
    expires_at: float | None = None
    """When the token ends, in seconds of the sandbox's clock."""
    active: bool = True


class Gate:
    """Checks a request in the order in which the cloud does; `credentials` may be changed at any time."""

    def __init__(self, credentials: list[Credential], clock: Callable[[], float]) -> None:
        self.credentials = {credential.id: credential for credential in credentials}
        self._clock = clock
        self._nonces: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def admit(self, request: Request) -> Credential:
        """Return the caller's credential, or raise the ApiError that turns the caller away."""
        if not request.action:
            raise ApiError("MissingParameter", "Action")
        if request.version != API_VERSION:
            raise (
                ApiError("InvalidVersion")
                if request.version
                else ApiError("MissingParameter", "Version")
            )
        return self._admit_v3(request) if request.signed_by_v3 else self._admit_v1(request)

    def _admit_v3(self, request: Request) -> Credential:
        fields = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=(\w+)",
            request.headers["authorization"],
        )
        if fields is None:
            raise ApiError("IncompleteSignature")
        key_id, signed_headers, signature = fields[1], fields[2].split(";"), fields[3]
        for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"):
            if name not in request.headers:
                raise ApiError("MissingParameter", name)
        to_sign = {name for name in request.headers if name == "host" or name.startswith("x-acs-")}
        if not to_sign <= set(signed_headers):
            raise ApiError("IncompleteSignature")
        credential = self._credential(key_id)
        self._check_time(request.headers["x-acs-date"])
        digest = hashlib.sha256(request.body).hexdigest()
        try:
            expected = signing.v3_signature(
                credential.secret,
                request.method,
                request.path,
                request.query,
                request.headers,
                signed_headers,
                digest,
            )
        except KeyError:
            raise ApiError("IncompleteSignature") from None
        if not hmac.compare_digest(expected, signature):
            headers = "".join(
                f"{name}:{request.headers[name]}\n" for name in sorted(signed_headers)
            )
            echo = (
                request.method,
                request.path,
                signing.canonical_query(request.query),
                headers,
                key_id,
                digest,
            )
            raise ApiError("SignatureDoesNotMatch", "\n".join(echo))
        self._check_token(credential, request.headers.get("x-acs-security-token"))
        self._spend_nonce(key_id, request.headers["x-acs-signature-nonce"])
        return credential

    def _admit_v1(self, request: Request) -> Credential:
        parameters = dict(request.query + request.form)
        if "Signature" not in parameters or parameters.get("SignatureMethod") != "HMAC-SHA1":
            raise ApiError("IncompleteSignature")
        for name in ("AccessKeyId", "SignatureNonce", "SignatureVersion", "Timestamp"):
            if not parameters.get(name):
                raise ApiError("MissingParameter", name)
        credential = self._credential(parameters["AccessKeyId"])
        self._check_time(parameters["Timestamp"])
        expected = signing.v1_signature(credential.secret, request.method, parameters)
        if not hmac.compare_digest(expected.encode(), parameters.pop("Signature").encode()):
            query = signing.canonical_query(list(parameters.items()))
            raise ApiError(
                "SignatureDoesNotMatch", f"{request.method}&%2F&{signing.percent_encode(query)}"
            )
        self._check_token(credential, parameters.get("SecurityToken"))
        self._spend_nonce(credential.id, parameters["SignatureNonce"])
        return credential

    def _credential(self, key_id: str) -> Credential:
        credential = self.credentials.get(key_id)
        if credential is None:
            raise ApiError("InvalidAccessKeyId.NotFound")
        if not credential.active:
            raise ApiError("InvalidAccessKeyId.Inactive")
        return credential

    def _check_time(self, stated: str) -> None:
        try:
            moment = datetime.strptime(stated, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise ApiError("IllegalTimestamp") from None
        if abs(moment.timestamp() - self._clock()) > WINDOW_SECONDS:
            raise ApiError("InvalidTimeStamp.Expired")

    def _check_token(self, credential: Credential, token: str | None) -> None:
        if token != credential.token:
            raise ApiError("InvalidSecurityToken.Malformed")
        if credential.expires_at is not None and self._clock() > credential.expires_at:
            raise ApiError("InvalidSecurityToken.Expired")

    def _spend_nonce(self, key_id: str, nonce: str) -> None:
        """Remember a nonce for as long as a request carrying it could still be in time, from either end."""
        now = self._clock()
        with self._lock:
            while self._nonces and now - next(iter(self._nonces.values())) > 2 * WINDOW_SECONDS:
                del self._nonces[next(iter(self._nonces))]
            if (key_id, nonce) in self._nonces:
                raise ApiError("SignatureNonceUsed")
            self._nonces[key_id, nonce] = now
