"""Reports entered from real bytes, for the tests of their pages."""

import datetime as dt
import io

from dashboard.imports import batch_processing, report_creation
from dashboard.models import Pack, Report

CHINA = dt.timezone(dt.timedelta(hours=8))
FRIDAY = dt.datetime(2026, 11, 20, 9, 14, tzinfo=CHINA)


def entered(
    pack: Pack, content: bytes, name: str = "report.xls", at: dt.datetime = FRIDAY
) -> Report:
    """The report of these bytes, read to its end."""
    report = report_creation.create_report_for_file(
        pack.account.uid, pack.pack_id, name, io.BytesIO(content), at
    )
    return next(batch_processing.read_and_store_all([report], at_once=1))
