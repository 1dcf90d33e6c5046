"""Ready reports of a file and of the evaluation results beside it, given as bytes."""

import datetime as dt
import io
from typing import Any

from django.utils import timezone

from dashboard.archive import originals
from dashboard.generation import lifecycle
from dashboard.ledger import pack_summaries
from dashboard.models import Account, Original, Pack, Report, ResultList
from tests import sample_files

FIRST_TIME = dt.datetime(2026, 11, 20, 1, 14, tzinfo=dt.UTC)


def create_sample_pack() -> Pack:
    """Return the pack that the files of sample_files state."""
    account = Account.objects.create(name="Production", uid=sample_files.ACCOUNT_UID)
    return Pack.objects.create(
        account=account, pack_id=sample_files.PACK_ID, name=sample_files.PACK_NAME
    )


def archive_bytes(content: bytes) -> Original:
    original = originals.store_stream(io.BytesIO(content))
    originals.create_original_rows([original])
    return original


def create_listed_report(
    pack: Pack, content: bytes, results: bytes | None, day: int = 0, **fields: Any
) -> Report:
    """Return a report that is still to be read, created `day` days after FIRST_TIME.

    Without `results`, no list was fetched for it.
    """
    report = Report.objects.create(
        pack=pack,
        pack_name=pack.name,
        state=Report.State.READING,
        original=archive_bytes(content),
        created_at=FIRST_TIME + dt.timedelta(days=day),
        received_at=timezone.now(),
        deadline_at=timezone.now() + dt.timedelta(minutes=30),
        **fields,
    )
    if results is not None:
        ResultList.objects.create(
            report=report,
            outcome=ResultList.Outcome.COMPLETE,
            original=archive_bytes(results),
            ended_at=timezone.now(),
        )
    return report


def get_list_original(report: Report) -> Original:
    """Return the list of a report that has one."""
    original = report.result_list.original
    assert original
    return original


def store_listed_report(
    pack: Pack, content: bytes, results: bytes | None, day: int = 0, **fields: Any
) -> Report:
    """Return a report that has been read, most often a ready one."""
    report = create_listed_report(pack, content, results, day, **fields)
    lifecycle.advance_report(report.pk)
    pack_summaries.rebuild_pack_summary(pack)  # this report was not requested
    report.refresh_from_db()
    return report
