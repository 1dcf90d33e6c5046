"""Find the identity of an imported file: the account, the pack and the time of its report.

The cloud names its files `<account>-<pack>-report-<yyyyMMddHHmm>.xls`, with the time in UTC+8. The
time of the upload is never used as the time of the report.
"""

import datetime as dt
import re
from typing import NamedTuple

from django.utils import timezone

from dashboard import workbook
from dashboard.archive import originals, stored_forms
from dashboard.models import Account, ImportedFile, Original
from dashboard.workbook.zip_members import REPORT_FILE_NAME

CHINA = dt.timezone(dt.timedelta(hours=8))
EARLIEST_REPORT = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)  # Cloud Config did not exist then


class Identity(NamedTuple):
    """The account, pack and time of a report file. An empty value or None means unknown."""

    account_uid: str = ""
    pack_id: str = ""
    created_at: dt.datetime | None = None
    pack_name: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether account, pack and time are known. The pack name is optional."""
        return bool(self.account_uid and self.pack_id and self.created_at)

    def fill_missing(self, other: "Identity") -> "Identity":
        """Return a copy of this identity whose unknown values are taken from `other`."""
        return Identity(
            self.account_uid or other.account_uid,
            self.pack_id or other.pack_id,
            self.created_at or other.created_at,
            self.pack_name or other.pack_name,
        )


UNKNOWN = Identity()


def identify_file(file: ImportedFile) -> Identity:
    """Return the identity of a file; it may be incomplete.

    Each value is taken from the file's name, or else from its content, or else from the user who
    imports it. Raises WorkbookError if the name is not enough and the content cannot be read.
    """
    identity = identify_by_name(file.name)
    if not identity.is_complete:
        assert file.original is not None  # noqa: S101  # only rejected files have no bytes
        identity = identity.fill_missing(identify_by_content(file.original))
    identity = identity.fill_missing(
        Identity(file.account_uid, file.pack_id, file.created_at, file.pack_name)
    )
    if identity.pack_id and not identity.account_uid:
        identity = identity._replace(account_uid=find_account_of_pack(identity.pack_id))
    return identity


def identify_by_name(name: str) -> Identity:
    """Return the identity in a file name of the cloud; an empty identity for any other name."""
    match = REPORT_FILE_NAME.search(name)
    if not match or len(match["account"]) != 16:
        return Identity()
    try:
        created_at = dt.datetime.strptime(match["created"], "%Y%m%d%H%M").replace(tzinfo=CHINA)
    except ValueError:
        return Identity(match["account"], match["pack"])
    return Identity(match["account"], match["pack"], drop_impossible_time(created_at))


def identify_by_content(original: Original) -> Identity:
    """Read the file and return the identity that its cells state. Raises WorkbookError."""
    with originals.temporary_folder() as folder, originals.open_local_copy(original) as source:
        target = folder / "stored-form"
        workbook.read_file(source, target, limits=stored_forms.build_reader_limits())
        with workbook.StoredForm(target) as stored_form:
            contents = stored_form.contents
    is_account_uid = re.fullmatch(r"\d{16}", contents.account_uid)
    return Identity(
        contents.account_uid if is_account_uid else "",
        contents.pack_id[:64],
        drop_impossible_time(workbook.parse_moment(contents.created_at)),
        contents.pack_name[:200],
    )


def drop_impossible_time(created_at: dt.datetime | None) -> dt.datetime | None:
    """Return None if no report can have this time: before Cloud Config existed, or in the future.

    Otherwise return the time unchanged.
    """
    latest = timezone.now() + dt.timedelta(days=1)
    return created_at if created_at and EARLIEST_REPORT < created_at < latest else None


def find_account_of_pack(pack_id: str) -> str:
    """Return the UID of the account that has the pack; empty if none or several have it."""
    uids = Account.objects.filter(packs__pack_id=pack_id).values_list("uid", flat=True)
    return uids[0] if len(uids) == 1 else ""
