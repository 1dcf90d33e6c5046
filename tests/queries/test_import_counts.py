"""The counts of import batches: each file is ready, waiting or not imported."""

from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import ImportBatch, ImportedFile, Original, Pack, Report
from dashboard.queries.import_counts import BatchCounts, count_files

pytestmark = pytest.mark.django_db
State = ImportedFile.State


@pytest.fixture
def original() -> Original:
    return Original.objects.create(sha256="a" * 64, size=1)


def add_file(batch: ImportBatch, pack: Pack, file_state: str, report_state: str = "") -> None:
    report = None
    if report_state:
        now = timezone.now()
        times: dict[str, Any] = {"created_at": now, "received_at": now, "ended_at": now}
        if report_state == Report.State.WITHDRAWN:
            times |= {"withdrawn_at": now, "withdrawal_reason": "wrong pack"}
        report = Report.objects.create(
            pack=pack,
            pack_name=pack.name,
            source=Report.Source.IMPORTED,
            state=report_state,
            deadline_at=now,
            position=Report.objects.count() + 1,
            original=Original.objects.get(),
            **times,
        )
    ImportedFile.objects.create(batch=batch, name="report.xls", state=file_state, report=report)


@pytest.mark.usefixtures("original")
def test_each_file_is_counted_once_with_a_fixed_number_of_queries(
    pack: Pack, django_assert_num_queries: Any
) -> None:
    outcomes = [
        (State.ARRIVED, ""),
        (State.ASKING, ""),
        (State.REFUSED, ""),
        (State.ENTERED, Report.State.READY),
        (State.THERE, Report.State.READY),
        (State.ENTERED, Report.State.WITHDRAWN),
        (State.ENTERED, Report.State.READING),
        (State.ENTERED, Report.State.FAILED),
        (State.THERE, Report.State.CANCELLED),
    ]
    batches = [ImportBatch.objects.create() for _ in range(3)]
    for batch in batches[:2]:
        for file_state, report_state in outcomes:
            add_file(batch, pack, file_state, report_state)
    with django_assert_num_queries(2):
        counts = count_files([batch.pk for batch in batches])
    assert counts == {batch.pk: BatchCounts(9, ready=3, waiting=2) for batch in batches[:2]}
    assert {count.failed for count in counts.values()} == {4}
