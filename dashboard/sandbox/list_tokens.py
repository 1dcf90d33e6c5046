"""The tokens (NextToken) with which a client asks for the next page of a list of evaluations."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from dashboard.sandbox.api_errors import ApiError

SIGNATURE_BYTES = 8


@dataclass(frozen=True, slots=True)
class ListPosition:
    """A page of a list: its number from 1, and the rule and resource at which it starts.

    `is_repeated` is true if the page has been answered before (see the fault `repeated-page`).
    """

    page: int = 1
    rule_index: int = 0
    resource_index: int = 0
    is_repeated: bool = False


class ListTokens:
    """Make and read tokens that work for `token_seconds`, for one list and this sandbox only."""

    def __init__(self, clock: Callable[[], float], token_seconds: float) -> None:
        self._clock = clock
        self._token_seconds = token_seconds
        self._key = secrets.token_bytes(32)

    def create(self, list_id: str, position: ListPosition) -> str:
        """Return a token for this position of the list; `list_id` stands for the list's filters."""
        numbers = (
            int(self._clock() * 1000),
            position.page,
            position.rule_index,
            position.resource_index,
            int(position.is_repeated),
        )
        content = ".".join(format(number, "x") for number in numbers).encode()
        return urlsafe_b64encode(self._sign(list_id, content) + content).decode().rstrip("=")

    def read(self, list_id: str, token: str) -> ListPosition:
        """Return the position of a token; raise ApiError if it is wrong or has expired."""
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise ApiError("Invalid.NextToken") from None
        signature, content = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not secrets.compare_digest(signature, self._sign(list_id, content)):
            raise ApiError("Invalid.NextToken")
        created_ms, page, rule_index, resource_index, is_repeated = (
            int(number, 16) for number in content.decode().split(".")
        )
        if self._clock() > created_ms / 1000 + self._token_seconds:
            raise ApiError("Invalid.NextToken")
        return ListPosition(page, rule_index, resource_index, bool(is_repeated))

    def _sign(self, list_id: str, content: bytes) -> bytes:
        message = list_id.encode() + b"\0" + content
        return blake2b(message, key=self._key, digest_size=SIGNATURE_BYTES).digest()
