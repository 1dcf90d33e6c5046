"""Where a file from before the installation belongs: account, pack and time, by its name and by its content.

A name is `<uid>-<packId>-report-<yyyyMMddHHmm>.xls` with a time in UTC+8. The evidence time is never the upload's.
"""

import datetime as dt
import re
from typing import NamedTuple, Self

from django.utils import timezone

from dashboard import workbook
from dashboard.archive import originals, readings
from dashboard.models import Original
from dashboard.workbook.archive import NAME

CHINA = dt.timezone(dt.timedelta(hours=8))


class Identity(NamedTuple):
    """Where a file belongs; what is empty is not known."""

    account_uid: str = ""
    pack_id: str = ""
    created_at: dt.datetime | None = None
    pack_name: str = ""

    @property
    def known(self) -> bool:
        return bool(self.account_uid and self.pack_id and self.created_at)

    def or_else(self, other: Self) -> "Identity":
        """This place, with what it lacks taken from another."""
        return Identity(
            self.account_uid or other.account_uid,
            self.pack_id or other.pack_id,
            self.created_at or other.created_at,
            self.pack_name or other.pack_name,
        )


def identity_from_name(name: str) -> Identity:
    """What a file's name says."""
    found = NAME.search(name)
    if not found or len(found["account"]) != 16:
        return Identity()
    try:
        local = dt.datetime.strptime(found["created"], "%Y%m%d%H%M").replace(tzinfo=CHINA)
    except ValueError:
        return Identity(found["account"], found["pack"])
    return Identity(found["account"], found["pack"], check_plausible_time(local))


def check_plausible_time(moment: dt.datetime | None) -> dt.datetime | None:
    """The moment, unless Cloud Config cannot have made a report then: before it existed, or in the future."""
    latest = timezone.now() + dt.timedelta(days=1)
    return moment if moment and dt.datetime(2015, 1, 1, tzinfo=dt.UTC) < moment < latest else None


def identity_from_content(original: Original) -> Identity:
    """What a file's content says. Raises WorkbookError."""
    with originals.temporary_folder() as folder, originals.open_local_copy(original) as source:
        target = folder / "reading"
        workbook.read(source, target, limits=readings.reading_limits())
        with workbook.Reading(target) as reading:
            said = reading.contents
    uid = said.account_uid if re.fullmatch(r"\d{16}", said.account_uid) else ""
    return Identity(
        uid,
        said.pack_id[:64],
        check_plausible_time(workbook.instant(said.created_at)),
        said.pack_name[:200],
    )
