"""Reports created directly in the database, for tests of pages that only show them."""

import datetime as dt
import hashlib
from typing import Any

from django.utils import timezone

from dashboard.ledger import pack_summaries
from dashboard.models import Original, Pack, Report
from dashboard.models.evaluations import make_position


def create_ready_report(pack: Pack, days_ago: float = 0, **fields: Any) -> Report:
    moment = timezone.now() - dt.timedelta(days=days_ago)
    sha256 = hashlib.sha256(f"{pack.pk} {moment}".encode()).hexdigest()
    ready_fields: dict[str, Any] = {
        "state": Report.State.READY,
        "requested_at": moment,
        "created_at": moment,
        "received_at": moment,
        "ended_at": moment,
        "original": Original.objects.create(sha256=sha256, size=1000),
        "file_name": "report.xls",
        "position": make_position(moment, sha256),
    }
    for name in ("compliant", "failing"):
        if name in fields:
            ready_fields[f"rated_{name}"] = fields[name]
            ready_fields[f"resources_{name}"] = fields[name]
    return create_running_report(pack, **ready_fields, **fields)


def create_running_report(pack: Pack, seconds: float = 0, **fields: Any) -> Report:
    """Create a report that was requested `seconds` ago."""
    now = timezone.now()
    running_fields = {
        "pack_name": pack.name,
        "requested_at": now - dt.timedelta(seconds=seconds),
        "deadline_at": now + dt.timedelta(minutes=30),
    }
    report = Report.objects.create(pack=pack, **(running_fields | fields))
    pack_summaries.rebuild_pack_summary(pack)
    return report


def create_failed_report(pack: Pack, code: str = "Throttling.User", **fields: Any) -> Report:
    failed_fields: dict[str, Any] = {
        "state": Report.State.FAILED,
        "ended_at": timezone.now(),
        "error_code": code,
        "error_facts": {"request_id": "REQUEST-1"},
    }
    return create_running_report(pack, **failed_fields, **fields)
