"""Evaluation results fetched beside a report, created directly for tests of the pages."""

import datetime as dt
import gzip
import io
from typing import Any

from dashboard.archive import originals
from dashboard.models import Report, ResultList

RECORDED = dt.datetime(2026, 11, 20, 1, 2, 3, tzinfo=dt.UTC)
ANSWER = b'{"RequestId":"R-1","EvaluationResults":{"EvaluationResultList":[]}}\n'


def to_milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def create_result_list(report: Report, **fields: Any) -> ResultList:
    """Create the list of a ready report; a complete one has a file of one answer."""
    if fields.setdefault("outcome", ResultList.Outcome.COMPLETE) == ResultList.Outcome.COMPLETE:
        original = originals.store_stream(io.BytesIO(gzip.compress(ANSWER, mtime=0)))
        originals.create_original_rows([original])
        fields = {
            "original": original,
            "rows": 250,
            "pages": 3,
            "first_recorded_ms": to_milliseconds(RECORDED),
            "last_recorded_ms": to_milliseconds(RECORDED + dt.timedelta(hours=2)),
            "first_request_id": "FIRST-REQUEST",
            "last_request_id": "LAST-REQUEST",
            "ended_at": RECORDED + dt.timedelta(hours=3),
        } | fields
    return ResultList.objects.create(report=report, **fields)
