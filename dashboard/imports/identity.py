"""Find the identity of an imported file: the account, the pack and the time of its report.

The content goes before the name; where they contradict, a person decides.

The cloud names its files `<account>-<pack>-report-<yyyyMMddHHmm>.xls`, with the time in UTC+8. The
time of the upload is never used as the time of the report.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils import timezone

from dashboard import workbook
from dashboard.archive import location, originals, stored_forms
from dashboard.models import Account, ImportedFile, Original
from dashboard.models.accounts import is_account_uid
from dashboard.workbook import WorkbookError
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
# A name states the minute; a file of another day has been renamed.
MAX_TIME_DIFFERENCE = dt.timedelta(days=1)
# A report holds no evaluation later than itself: one day is allowed, as a file may give its times
# in another time zone. The cloud evaluates a rule at least once a day or whenever a configuration
# changes, so an account whose last evaluation is a week older than its report is rare.
MAX_EVALUATION_DELAY = dt.timedelta(days=1)
MAX_EVALUATION_AGE = dt.timedelta(days=7)
# The names in an origin (see Report.provenance), with the field of Identity.
ORIGIN_FIELDS = {"account": "account_uid", "pack": "pack_id", "time": "created_at"}
Origin = dict[str, Any]
# Questions of a file whose name, content and rows do not state the same account and pack.
CONTRADICTIONS = {"account_differs", "pack_differs", "rows_differ"}


class IdentificationResult(NamedTuple):
    """What a file says of itself.

    `questions` names what a person must decide: `account_missing`, `pack_missing`, `time_missing`;
    `account_differs`, `pack_differs`, `time_differs` where name and content contradict;
    `rows_differ` where the rows name other accounts than the file's own; `evaluations_differ` where
    the rows were not evaluated in the days before the time in the name.
    """

    identity: Identity
    origin: Origin
    questions: list[str]


class StatedContent(NamedTuple):
    """What the content of a file states: its identity, and what its rows name.

    `row_accounts` are the accounts of the rows, `last_evaluated_at` is the time of the last
    evaluation, None if the rows have no times. `is_report` is false if neither rows nor rules nor
    counts of a report were recognised.
    """

    identity: Identity = UNKNOWN
    row_accounts: frozenset[str] = frozenset()
    last_evaluated_at: dt.datetime | None = None
    is_report: bool = True


def identify_file(file: ImportedFile) -> IdentificationResult:
    """Return what is known of a file: from its content, its name or the importing user.

    Raises WorkbookError if the name does not say everything, and the content cannot be read or is
    not that of a report.
    """
    by_name = identify_by_name(file.name)
    by_person = identify_by_person(file)
    content, unread = StatedContent(), False
    assert file.original is not None  # noqa: S101  # only rejected files have no bytes
    try:
        content = identify_by_content(file.original, by_name.account_uid or by_person.account_uid)
    except WorkbookError:
        if not by_name.is_complete:
            raise
        unread = True
    if not content.is_report and not by_name.is_complete:
        raise WorkbookError("no_report")
    identity = content.identity.fill_missing(by_name).fill_missing(by_person)
    stated = {"content": content.identity, "name": by_name, "person": by_person}
    if identity.pack_id and not identity.account_uid:
        account_uid = find_account_of_pack(identity.pack_id)
        identity = identity._replace(account_uid=account_uid)
        stated["pack"] = Identity(account_uid)
    origin = build_origin(identity, stated)
    if unread:
        origin["unread"] = True
    questions = list_questions(identity, by_name, content)
    if "rows_differ" in questions:
        origin["account"]["stated"]["rows"] = ", ".join(sorted(content.row_accounts))
    if "evaluations_differ" in questions:
        origin["time"]["stated"]["evaluations"] = format_stated_value(content.last_evaluated_at)
    return IdentificationResult(identity, origin, questions)


def identify_by_person(file: ImportedFile) -> Identity:
    """Return what the importing user has stated about a file.

    Once a file has an origin, its own fields may hold values that were read from it.
    """
    if not file.origin:
        return Identity(file.account_uid, file.pack_id, file.created_at, file.pack_name)
    account_uid, pack_id, time = (
        file.origin[name]["stated"].get("person", "") for name in ORIGIN_FIELDS
    )
    created_at = dt.datetime.fromisoformat(time) if time else None
    return Identity(account_uid, pack_id, created_at)


def build_origin(identity: Identity, stated: Mapping[str, Identity]) -> Origin:
    """Return for account, pack and time which witness decides and what each of them states."""
    origin: Origin = {}
    for name, field in ORIGIN_FIELDS.items():
        values = {
            witness: value
            for witness, witness_identity in stated.items()
            if (value := format_stated_value(getattr(witness_identity, field)))
        }
        decided_value = format_stated_value(getattr(identity, field))
        deciding = [witness for witness, value in values.items() if value == decided_value]
        origin[name] = {"by": deciding[0] if deciding else "", "stated": values}
    return origin


def record_decision(origin: Origin, decided: Identity) -> Origin:
    """Return the origin with the values that a person has chosen; all other facts stay in it."""
    result: Origin = {key: fact for key, fact in origin.items() if key not in ORIGIN_FIELDS}
    for name, field in ORIGIN_FIELDS.items():
        earlier = origin.get(name) or {"by": "", "stated": {}}
        value = format_stated_value(getattr(decided, field))
        is_contradicted = len(set(earlier["stated"].values())) > 1
        if not is_contradicted and earlier["stated"].get(earlier["by"]) == value:
            result[name] = earlier
        else:
            result[name] = {"by": "person", "stated": {**earlier["stated"], "person": value}}
    return result


def format_stated_value(value: str | dt.datetime | None) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else value or ""


def list_questions(identity: Identity, by_name: Identity, content: StatedContent) -> list[str]:
    """Return what a person must decide: what is missing, and where name and content contradict."""
    by_content, row_accounts = content.identity, content.row_accounts
    questions = [
        f"{name}_missing" for name, field in ORIGIN_FIELDS.items() if not getattr(identity, field)
    ]
    if by_name.account_uid and by_content.account_uid not in {"", by_name.account_uid}:
        questions.append("account_differs")
    if by_name.pack_id and by_content.pack_id not in {"", by_name.pack_id}:
        questions.append("pack_differs")
    if by_name.created_at and by_content.created_at:
        difference = abs(by_content.created_at - by_name.created_at)
        questions += ["time_differs"] if difference > MAX_TIME_DIFFERENCE else []
    elif by_name.created_at and content.last_evaluated_at:
        age = by_name.created_at - content.last_evaluated_at
        is_possible = -MAX_EVALUATION_DELAY <= age <= MAX_EVALUATION_AGE
        questions += [] if is_possible else ["evaluations_differ"]
    if identity.account_uid and row_accounts and identity.account_uid not in row_accounts:
        questions.append("rows_differ")
    return questions


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


def identify_by_content(original: Original, assumed_uid: str = "") -> StatedContent:
    """Read the file; return the identity that its cells state, and what its rows name.

    `assumed_uid` is the account for which the file is read: its report will use the same stored
    form. Raises WorkbookError.
    """
    if assumed_uid:
        with stored_forms.open_original_form(original, assumed_uid) as stored_form:
            return identify_by_form(stored_form)
    with location.temporary_folder() as folder, originals.open_local_copy(original) as source:
        target = folder / "stored-form"
        stored_forms.read_with_limits(source, target)
        with workbook.StoredForm(target) as stored_form:
            return identify_by_form(stored_form)


def identify_by_form(stored_form: workbook.StoredForm) -> StatedContent:
    contents = stored_form.contents
    row_accounts = list_row_accounts(stored_form)
    account_uid = contents.account_uid if is_account_uid(contents.account_uid) else ""
    if not account_uid and len(row_accounts) == 1:
        (account_uid,) = row_accounts
    identity = Identity(
        account_uid,
        contents.pack_id[:64],
        drop_impossible_time(workbook.parse_moment(contents.created_at)),
        contents.pack_name[:200],
    )
    last_evaluated_at = workbook.parse_moment(contents.evaluated_to)
    is_report = bool(contents.rows or contents.rules or contents.stated)
    return StatedContent(identity, row_accounts, last_evaluated_at, is_report)


def list_row_accounts(stored_form: workbook.StoredForm) -> frozenset[str]:
    """Return the accounts that a column of the file's rows names.

    The members of a zip belong to the accounts of an account group: they say nothing.
    """
    sheets = stored_form.contents.sheets
    has_column = any("account_id" in sheet.recognised.values() for sheet in sheets)
    if not has_column or stored_form.contents.kind == "zip":
        return frozenset()
    uids = {group.account for group in stored_form.groups if group.rows}
    return frozenset(filter(is_account_uid, uids))


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
