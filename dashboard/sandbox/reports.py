"""The reports of each pack: the latest one, the one before it, and the signed links under which files are fetched."""

import base64
import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from dashboard.sandbox import files
from dashboard.sandbox.estate import Estate
from dashboard.sandbox.state import State

LINK_PATH = "/oss/"


@dataclass
class Report:
    """A report made or being made; `content` is built when it is first asked for."""

    state: State
    created_ms: int
    ready_at: float
    sheet_rows: int
    told_complete: bool = False
    _content: bytes | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created_ms / 1000, UTC)

    @property
    def path(self) -> str:
        return f"{LINK_PATH}{self.created_ms}/{files.file_name(self.state.plan, self.created_at)}"

    def content(self) -> bytes:
        with self._lock:
            if self._content is None:
                self._content = files.build(self.state, self.created_at, sheet_rows=self.sheet_rows)
            return self._content


class Reports:
    """Makes reports and finds them. Only the latest of a pack can be had; the one before goes with the next."""

    def __init__(
        self, estate: Estate, clock: Callable[[], float], generation_seconds: float, sheet_rows: int
    ) -> None:
        self.generated: Counter[str] = Counter()
        self._estate = estate
        self._clock = clock
        self._generation_seconds = generation_seconds
        self._sheet_rows = sheet_rows
        self._of_pack: dict[str, list[Report]] = {}
        self._at_path: dict[str, Report] = {}
        self._tokens: set[tuple[str, str]] = set()

    def latest(self, pack_id: str) -> Report | None:
        return self._of_pack.get(pack_id, [None])[-1]

    def previous(self, pack_id: str) -> Report | None:
        made = self._of_pack.get(pack_id, [])
        return made[-2] if len(made) > 1 else None

    def knows_token(self, pack_id: str, token: str | None) -> bool:
        return token is not None and (pack_id, token) in self._tokens

    def generate(self, pack_id: str, token: str | None) -> Report:
        """Begin the pack's next report; the estate moves on with every report but the first."""
        before = self.latest(pack_id)
        state = self._estate.advance(pack_id) if before else self._estate.state(pack_id)
        now = self._clock()
        created_ms = max(int(now * 1000), before.created_ms + 1 if before else 0)
        report = Report(state, created_ms, now + self._generation_seconds, self._sheet_rows)
        for gone in self._of_pack.get(pack_id, [])[:-1]:
            del self._at_path[gone.path]
        self._of_pack[pack_id] = [*([before] if before else []), report]
        self._at_path[report.path] = report
        self.generated[pack_id] += 1
        if token:
            self._tokens.add((pack_id, token))
        return report

    def at(self, path: str) -> Report | None:
        """Return the report whose file lies under a path, as long as the cloud keeps it."""
        return self._at_path.get(path)


class Links:
    """Signed links that expire, as OSS makes them."""

    def __init__(self, clock: Callable[[], float], seconds: float, base: str | None) -> None:
        self._clock = clock
        self._seconds = seconds
        self._base = base
        self._key = secrets.token_bytes(20)

    def sign(self, base: str, path: str, *, expired: bool = False) -> str:
        """Return the whole address, under `base` unless another was set; whoever holds it can read the file."""
        expires = str(int(self._clock() + (-1 if expired else self._seconds)))
        signature = quote(self._signature(path, expires), safe="")
        return f"{self._base or base}{path}?Expires={expires}&OSSAccessKeyId=STS.sandbox-oss&Signature={signature}"

    def is_signed(self, path: str, parameters: dict[str, str]) -> bool:
        expected = self._signature(path, parameters.get("Expires", ""))
        return hmac.compare_digest(expected.encode(), parameters.get("Signature", "").encode())

    def has_expired(self, parameters: dict[str, str]) -> bool:
        return self._clock() > int(parameters["Expires"])

    def _signature(self, path: str, expires: str) -> str:
        text = f"GET\n\n\n{expires}\n{path}"
        return base64.b64encode(hmac.new(self._key, text.encode(), "sha1").digest()).decode()
