"""A short history from the sandbox's generator, brought in as files are."""

import datetime as dt
import io

from dashboard.imports import batch_processing, report_creation
from dashboard.models import Pack, Report
from dashboard.sandbox import files
from dashboard.sandbox.accounts import PackPlan
from dashboard.sandbox.estate import Estate
from dashboard.sandbox.history import history

UID = "1024837465912038"
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def plan(number: int = 1, **facts: object) -> PackPlan:
    """A pack of 60 rows."""
    told: dict[str, object] = {"rows": 60, "failing": 0.3, **facts}
    return PackPlan(f"cp-{number:020}", UID, f"OSS 合规管理最佳实践 {number}", "", ("oss",), **told)  # type: ignore[arg-type]


def bring_in(of: PackPlan, weeks: int = 3) -> Pack:
    """The pack with a ready report for each week."""
    made = history(Estate(7, weeks, packs=(of,)), weeks, until=UNTIL)
    found = [
        report_creation.create_report_for_file(of.uid, of.id, name, io.BytesIO(content), at)
        for name, content, at in made
    ]
    assert all(
        report.state == Report.State.READY for report in batch_processing.read_and_store_all(found)
    )
    return Pack.objects.get(pack_id=of.id)


def english_of(of: PackPlan) -> Report:
    """A report of the pack's first state in English, a day after the one in the pack's own language."""
    state = Estate(7, packs=(of,)).state(of.id)
    at = UNTIL
    content = files.build(state, at, language="en")
    report = report_creation.create_report_for_file(
        of.uid, of.id, files.file_name(of, at), io.BytesIO(content), at
    )
    return next(batch_processing.read_and_store_all([report]))
