"""Count the files of import batches by their outcome."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Count

from dashboard.models import ImportedFile, Report

State = ImportedFile.State


class BatchCounts(NamedTuple):
    """The files of a batch: all, those whose report is in the history, and those that wait."""

    files: int = 0
    ready: int = 0
    waiting: int = 0

    @property
    def failed(self) -> int:
        """The number of files that were not imported."""
        return self.files - self.ready - self.waiting


def count_files(batch_ids: Collection[int]) -> dict[int, BatchCounts]:
    """Return the counts of each batch that has files.

    Most files have a report in the history, so only the others are looked up in the reports.
    """
    files = ImportedFile.objects.filter(batch__in=batch_ids).order_by()
    counts: defaultdict[int, BatchCounts] = defaultdict(BatchCounts)
    by_state = files.values_list("batch", "state").annotate(Count("pk"), Count("report"))
    for batch_id, state, file_count, report_count in by_state:
        batch = counts[batch_id]
        waiting = batch.waiting + (file_count if state == State.ARRIVED else 0)
        counts[batch_id] = BatchCounts(
            batch.files + file_count, batch.ready + report_count, waiting
        )
    not_ready = files.exclude(report=None).exclude(report__state__in=Report.IN_HISTORY)
    for batch_id, state, report_state, count in not_ready.values_list(
        "batch", "state", "report__state"
    ).annotate(Count("pk")):
        batch = counts[batch_id]
        is_waiting = state == State.ENTERED and report_state in Report.UNDER_WAY
        counts[batch_id] = batch._replace(
            ready=batch.ready - count, waiting=batch.waiting + (count if is_waiting else 0)
        )
    return dict(counts)
