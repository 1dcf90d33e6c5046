"""The reports that the sandbox has generated.

As in the cloud, clients can ask only for the latest report of a pack.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.evaluation_times import EvaluationTimes
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.report_files import build_report_file, build_report_file_name

LINK_PATH = "/CompliancePackReports/"  # the beginning of the path of every download link


@dataclass
class SandboxReport:
    """A report that is complete or being generated; its file is built at the first download.

    `ready_at` is the time, on the sandbox's clock, at which the report is complete. After a client
    has seen it complete, `was_seen_complete` is true and no fault changes its status any more.
    """

    state: PackState
    created_ms: int
    ready_at: float
    sheet_rows: int
    was_seen_complete: bool = False
    _content: bytes | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created_ms / 1000, UTC)

    @property
    def path(self) -> str:
        """The path of its download link."""
        pack = self.state.pack
        return f"{LINK_PATH}{pack.uid}/{pack.id}/{build_report_file_name(pack, self.created_at)}"

    def get_content(self) -> bytes:
        """Return the report file; build it at the first call."""
        with self._lock:
            if self._content is None:
                self._content = build_report_file(
                    self.state, self.created_at, sheet_rows=self.sheet_rows
                )
            return self._content


class ReportStore:
    """Generate and find reports; keep the two latest reports of each pack and delete older ones."""

    def __init__(
        self,
        cloud_state: CloudState,
        clock: Callable[[], float],
        generation_seconds: float,
        sheet_rows: int,
        evaluation_times: EvaluationTimes,
    ) -> None:
        self.generated: Counter[str] = Counter()
        """The number of reports generated so far, by pack id."""
        self._cloud_state = cloud_state
        self._clock = clock
        self._generation_seconds = generation_seconds
        self._sheet_rows = sheet_rows
        self._evaluation_times = evaluation_times
        self._reports_by_pack: dict[str, list[SandboxReport]] = {}
        self._report_by_path: dict[str, SandboxReport] = {}
        self._used_tokens: set[tuple[str, str]] = set()

    def get_latest(self, pack_id: str) -> SandboxReport | None:
        """Return the pack's latest report; None if it has no report."""
        return self._reports_by_pack.get(pack_id, [None])[-1]

    def get_previous(self, pack_id: str) -> SandboxReport | None:
        """Return the report before the latest one; None if there is no such report."""
        reports = self._reports_by_pack.get(pack_id, [])
        return reports[-2] if len(reports) > 1 else None

    def has_used_token(self, pack_id: str, token: str | None) -> bool:
        """Return whether a report of this pack was generated with this ClientToken."""
        return token is not None and (pack_id, token) in self._used_tokens

    def generate(self, pack_id: str, token: str | None) -> SandboxReport:
        """Start generating a report of the pack, and return it.

        The first report shows the pack's first state, each further report the next state.
        """
        latest = self.get_latest(pack_id)
        if latest:
            state = self._cloud_state.advance_pack(pack_id)
        else:
            state = self._cloud_state.get_pack_state(pack_id)
        now = self._clock()
        # Each report is newer than the one before. Two of one minute have the same path: as in the
        # cloud, the newer file replaces the older.
        created_ms = max(int(now * 1000), latest.created_ms + 1 if latest else 0)
        self._evaluation_times.set_report_time(pack_id, state.step, created_ms)
        report = SandboxReport(
            state=state,
            created_ms=created_ms,
            ready_at=now + self._generation_seconds,
            sheet_rows=self._sheet_rows,
        )
        for old_report in self._reports_by_pack.get(pack_id, [])[:-1]:
            if self.find_by_path(old_report.path) is old_report:
                del self._report_by_path[old_report.path]
        self._reports_by_pack[pack_id] = [latest, report] if latest else [report]
        self._report_by_path[report.path] = report
        self.generated[pack_id] += 1
        if token:
            self._used_tokens.add((pack_id, token))
        return report

    def find_by_path(self, path: str) -> SandboxReport | None:
        return self._report_by_path.get(path)
