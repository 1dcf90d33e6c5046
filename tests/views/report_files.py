"""Reports imported from real bytes, for tests of their pages."""

import datetime as dt
import io

from dashboard.models import Pack, Report
from tests.imported_files import import_file

CHINA_TIME_ZONE = dt.timezone(dt.timedelta(hours=8))
FRIDAY = dt.datetime(2026, 11, 20, 9, 14, tzinfo=CHINA_TIME_ZONE)


def import_report_bytes(
    pack: Pack, content: bytes, name: str = "report.xls", at: dt.datetime = FRIDAY
) -> Report:
    """Create a report from the bytes of a file, read it, and return it ready or failed."""
    return import_file(pack.account.uid, pack.pack_id, name, io.BytesIO(content), at)
