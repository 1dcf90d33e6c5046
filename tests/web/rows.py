"""Rows as the flows leave them, for pages that only show them."""

import datetime as dt
import hashlib
from typing import Any

from django.utils import timezone

from dashboard.models import Original, Pack, Report
from dashboard.models.evaluations import make_position


def received(pack: Pack, days_ago: float = 0, **facts: Any) -> Report:
    """A ready report of the pack."""
    moment = timezone.now() - dt.timedelta(days=days_ago)
    sha256 = hashlib.sha256(f"{pack.pk} {moment}".encode()).hexdigest()
    told: dict[str, Any] = {
        "requested_at": moment,
        "created_at": moment,
        "received_at": moment,
        "ended_at": moment,
        "original": Original.objects.create(sha256=sha256, size=1000),
        "file_name": "report.xls",
        "position": make_position(moment, sha256),
    }
    told |= {f"rated_{name}": facts[name] for name in ("compliant", "failing") if name in facts}
    return under_way(pack, state=Report.State.READY, **told, **facts)


def under_way(pack: Pack, seconds: float = 0, **facts: Any) -> Report:
    """A report that somebody asked for some seconds ago."""
    now = timezone.now()
    told = {
        "pack_name": pack.name,
        "requested_at": now - dt.timedelta(seconds=seconds),
        "deadline_at": now + dt.timedelta(minutes=30),
    }
    return Report.objects.create(pack=pack, **(told | facts))


def failed(pack: Pack, code: str = "Throttling.User", **facts: Any) -> Report:
    ended: dict[str, Any] = {
        "state": Report.State.FAILED,
        "ended_at": timezone.now(),
        "error_code": code,
    }
    return under_way(pack, **ended, error_facts={"request_id": "REQUEST-1"}, **facts)
