"""Collect the pages of a list of evaluation results in parts, and save each part as progress."""

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from django.conf import settings

from dashboard import cloud
from dashboard.archive import originals, result_parts
from dashboard.generation.claims import save_while_claimed
from dashboard.models import Report, ResultList

if TYPE_CHECKING:
    from dashboard.cloud.evaluation_answers import ResultPage

# If a worker dies, at most the pages of one part are fetched again: so many pages, or those of so
# many seconds.
PAGES_PER_PART = 50
SECONDS_PER_PART = 5.0
MAX_USELESS_PAGES = 10  # in succession: empty, or repeated


class PageCollector:
    """The pages that one step fetches of a list.

    `result_list` is ahead of its database row by the pages that are in no stored part yet.
    `rule_ids` are the ids of the rules that have a row.
    """

    def __init__(self, report: Report, result_list: ResultList, folder: Path) -> None:
        self.report = report
        self.result_list = result_list
        self._folder = folder
        self.rule_ids = set(result_list.rule_ids)
        self._stored_bytes = result_parts.measure_parts(report.pk, result_list.parts)
        self._tokens = {result_list.next_token}
        self._fingerprints: set[str] = set()
        self._useless_pages = 0
        self._start_part()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give up the pages that are in no stored part."""
        self._part.close()

    @property
    def has_unsaved_pages(self) -> bool:
        return self._unsaved_pages > 0

    @property
    def is_part_complete(self) -> bool:
        """Whether the pages since the last stored part are so many, or so old, as to be stored."""
        age = time.monotonic() - self._part_started_at
        return self._unsaved_pages >= PAGES_PER_PART or age > SECONDS_PER_PART

    def add_page(self, page: "ResultPage") -> None:
        """Take over a page. Raise CloudError if it may not belong to the list."""
        result_list, account_uid = self.result_list, self.report.pack.account.uid
        for other_uid in page.account_ids - {account_uid}:
            raise cloud.CloudError(
                "ForeignAccount",
                request_id=page.request_id,
                expected_id=account_uid,
                actual_id=other_uid,
            )
        self._part.add_answer(page.body)
        self._unsaved_pages += 1
        self.rule_ids |= page.rule_ids
        result_list.first_request_id = result_list.first_request_id or page.request_id[:64]
        result_list.last_request_id = page.request_id[:64]
        result_list.pages += 1
        result_list.rows += page.row_count
        result_list.next_token = page.next_token
        result_list.extend_time_range(page.first_recorded_ms, page.last_recorded_ms)
        self._check_end(page)

    def _check_end(self, page: "ResultPage") -> None:
        """Raise CloudError if the list repeats itself or has become too long."""
        is_useless = not page.row_count or page.fingerprint in self._fingerprints
        self._useless_pages = self._useless_pages + 1 if is_useless else 0
        self._fingerprints.add(page.fingerprint)
        if page.next_token and (
            page.next_token in self._tokens or self._useless_pages >= MAX_USELESS_PAGES
        ):
            raise cloud.CloudError("ResultsEndless", request_id=page.request_id)
        self._tokens.add(page.next_token)
        measured = {
            "RESULTS_LIMIT_ROWS": self.result_list.rows,
            "RESULTS_LIMIT_PAGES": self.result_list.pages,
            "FILE_LIMIT_BYTES": self._stored_bytes + self._part.size,
        }
        for setting, value in measured.items():
            limit = getattr(settings, setting)
            if value > limit:
                detail = f"{setting}={limit}"
                raise cloud.CloudError("ResultsTooLong", request_id=page.request_id, detail=detail)

    def save_part(self) -> None:
        """Store the pages as a part and save the progress. Raise ClaimLostError."""
        path = self._close_part()
        size = path.stat().st_size
        self.result_list.parts += 1
        with save_while_claimed(self.report):
            result_parts.save_part(path, self.report.pk, self.result_list.parts)
            self.result_list.save()
        self._stored_bytes += size
        self._start_part()

    def store_list(self) -> None:
        """Join all parts and store them as an original of the archive."""
        last_part = self._close_part()
        path = self._folder / "list"
        sha256 = result_parts.join_result_parts(
            self.report.pk, self.result_list.parts, last_part, target=path
        )
        self.result_list.original = originals.store_local_file(path, sha256)

    def _start_part(self) -> None:
        self._unsaved_pages, self._part_started_at = 0, time.monotonic()
        self._part = result_parts.PartWriter(self._folder / "part")

    def _close_part(self) -> Path:
        self._part.close()
        self.result_list.rule_ids = sorted(self.rule_ids)
        return self._part.path
