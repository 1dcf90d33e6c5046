"""The authentication of API requests, for both signature versions V3 and V1.

It checks the AccessKey, the time, the signature, the token and the nonce (a random text that each
request may use only once).
"""

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard.cloud import signing
from dashboard.sandbox.api_errors import ApiError
from dashboard.sandbox.http_request import SandboxRequest

MAX_CLOCK_DIFFERENCE = 15 * 60  # seconds
API_VERSION = "2020-09-07"
IDENTITY_ACTION, IDENTITY_VERSION = "GetCallerIdentity", "2015-04-01"


@dataclass(frozen=True)
class Credential:
    """An AccessKey of an account; an AccessKey with a token is a temporary (STS) key."""

    id: str
    secret: str
    uid: str
    token: str | None = None
    expires_at: float | None = None
    """The time at which the key expires, in seconds of the sandbox's clock."""
    active: bool = True


class Authenticator:
    """Check the signatures of requests, in the same order of checks as the cloud.

    `credentials` holds the valid AccessKeys by their id; tests may change it at any time.
    """

    def __init__(self, credentials: list[Credential], clock: Callable[[], float]) -> None:
        self.credentials = {credential.id: credential for credential in credentials}
        self._clock = clock
        self._nonces: dict[tuple[str, str], float] = {}
        """The time at which each pair of AccessKey id and nonce was used, oldest first."""
        self._lock = threading.Lock()

    def authenticate(self, request: SandboxRequest) -> Credential:
        """Return the credential that signed the request; raise ApiError if anything is wrong."""
        if not request.action:
            raise ApiError("MissingParameter", "Action")
        if not request.version:
            raise ApiError("MissingParameter", "Version")
        is_identity_call = request.action == IDENTITY_ACTION
        if request.version != (IDENTITY_VERSION if is_identity_call else API_VERSION):
            raise ApiError("InvalidVersion")
        if request.is_signed_by_v3:
            return self._authenticate_v3(request)
        return self._authenticate_v1(request)

    def _authenticate_v3(self, request: SandboxRequest) -> Credential:
        """Check a request whose signature is in the header `Authorization`."""
        key_id, signed_headers, signature = _parse_v3_authorization(request)
        credential = self._find_credential(key_id)
        self._check_time(request.headers["x-acs-date"])
        body_sha256 = hashlib.sha256(request.body).hexdigest()
        if request.headers["x-acs-content-sha256"] != body_sha256:
            raise ApiError("SignatureDoesNotMatch", "the hash of the body differs")
        try:
            expected = signing.compute_v3_signature(
                credential.secret,
                request.method,
                request.path,
                request.query,
                request.headers,
                signed_headers,
                body_sha256,
            )
        except KeyError:
            raise ApiError("IncompleteSignature") from None
        if not hmac.compare_digest(expected, signature):
            # Like the cloud, repeat in the error message what was signed.
            headers = "".join(
                f"{name}:{request.headers[name]}\n" for name in sorted(signed_headers)
            )
            query = signing.build_canonical_query(request.query)
            string_to_sign = (request.method, request.path, query, headers, key_id, body_sha256)
            raise ApiError("SignatureDoesNotMatch", "\n".join(string_to_sign))
        self._check_token(credential, request.headers.get("x-acs-security-token"))
        self._use_nonce(key_id, request.headers["x-acs-signature-nonce"])
        return credential

    def _authenticate_v1(self, request: SandboxRequest) -> Credential:
        """Check a request whose signature is in the parameter `Signature`."""
        parameters = dict(request.parameters)
        if "Signature" not in parameters or parameters.get("SignatureMethod") != "HMAC-SHA1":
            raise ApiError("IncompleteSignature")
        for name in ("AccessKeyId", "SignatureNonce", "SignatureVersion", "Timestamp"):
            if not parameters.get(name):
                raise ApiError("MissingParameter", name)
        credential = self._find_credential(parameters["AccessKeyId"])
        self._check_time(parameters["Timestamp"])
        expected = signing.compute_v1_signature(credential.secret, request.method, parameters)
        if not hmac.compare_digest(expected.encode(), parameters.pop("Signature").encode()):
            query = signing.build_canonical_query(list(parameters.items()))
            string_to_sign = f"{request.method}&%2F&{signing.percent_encode(query)}"
            raise ApiError("SignatureDoesNotMatch", string_to_sign)
        self._check_token(credential, parameters.get("SecurityToken"))
        self._use_nonce(credential.id, parameters["SignatureNonce"])
        return credential

    def _find_credential(self, key_id: str) -> Credential:
        """Return the AccessKey with this id; raise ApiError if it is unknown or disabled."""
        credential = self.credentials.get(key_id)
        if credential is None:
            raise ApiError("InvalidAccessKeyId.NotFound")
        if not credential.active:
            raise ApiError("InvalidAccessKeyId.Inactive")
        return credential

    def _check_time(self, timestamp: str) -> None:
        """Raise ApiError if a request's time is malformed or too far from the sandbox's clock."""
        try:
            time = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise ApiError("IllegalTimestamp") from None
        if abs(time.timestamp() - self._clock()) > MAX_CLOCK_DIFFERENCE:
            raise ApiError("InvalidTimeStamp.Expired")

    def _check_token(self, credential: Credential, token: str | None) -> None:
        """Raise ApiError if the token is not that of the AccessKey, or if it has expired."""
        if token != credential.token:
            raise ApiError("InvalidSecurityToken.Malformed")
        if credential.expires_at is not None and self._clock() > credential.expires_at:
            raise ApiError("InvalidSecurityToken.Expired")

    def _use_nonce(self, key_id: str, nonce: str) -> None:
        """Raise ApiError if the nonce was used before; otherwise store it as used.

        A nonce is stored for twice MAX_CLOCK_DIFFERENCE: after that, a copy of its request fails
        the check of the time anyway.
        """
        now = self._clock()
        with self._lock:
            # Delete the oldest nonces, up to the first one that still counts.
            while self._nonces:
                oldest_nonce, used_at = next(iter(self._nonces.items()))
                if now - used_at <= 2 * MAX_CLOCK_DIFFERENCE:
                    break
                del self._nonces[oldest_nonce]
            if (key_id, nonce) in self._nonces:
                raise ApiError("SignatureNonceUsed")
            self._nonces[key_id, nonce] = now


def _parse_v3_authorization(request: SandboxRequest) -> tuple[str, list[str], str]:
    """Return (AccessKey id, names of the signed headers, signature) of a V3 request.

    Raise ApiError if a required header is missing or not signed.
    """
    fields = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)",
        request.headers["authorization"],
    )
    if fields is None:
        raise ApiError("IncompleteSignature")
    key_id, signed_headers, signature = fields[1], fields[2].split(";"), fields[3]
    for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"):
        if not request.headers.get(name):
            raise ApiError("MissingParameter", name)
    headers_to_sign = {
        name for name in request.headers if name == "host" or name.startswith("x-acs-")
    }
    if not headers_to_sign <= set(signed_headers):
        raise ApiError("IncompleteSignature")
    return key_id, signed_headers, signature
