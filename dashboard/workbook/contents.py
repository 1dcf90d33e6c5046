"""The contents of a file in the stored form: its sheets, its rules, its totals.

The field names are keys of the stored JSON: to rename one is to change FORM_VERSION.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

READER_VERSION = 1  # raised when reading the same bytes may give another result


class EvaluationGroup(NamedTuple):
    """The values that many evaluations share; `rule` is the number of the rule in this file."""

    rule: int
    status: int
    risk: int
    account: str
    region: str
    resource_type: str
    rows: int  # how many evaluations share them


class EvaluationRow(NamedTuple):
    """A row of the file that was recognised as the evaluation of a resource by a rule.

    `key` is a hash of rule and resource, `resource` of the resource alone, `digest` of the result;
    each has 63 bits (see evaluation_hashes). `group` is the number of its EvaluationGroup. `sheet`
    and `row`, both from 0, say where it stands in the file.
    """

    key: int
    digest: int
    resource: int
    group: int
    resource_id: str
    resource_name: str
    actual: str
    expected: str
    reason: str
    sheet: int
    row: int


@dataclass
class ZipMember:
    """A file inside a zip."""

    name: str
    sha256: str
    size: int
    kind: str


@dataclass
class FileNote:
    """Something about the file that a reader of the report should know."""

    code: str
    facts: dict[str, str | int]


@dataclass
class SheetInfo:
    """A sheet. `recognised` gives the meaning of a column by its number.

    `role` is overview, rules, non_compliant, compliant, ignored, evaluations, or "" if not known.
    """

    number: int
    member: int | None
    name: str
    hidden: bool
    rows: int = 0
    columns: int = 0
    header_row: int | None = None
    role: str = ""
    recognised: dict[int, str] = field(default_factory=dict)
    evaluations: int = 0  # how many of the rows became evaluations


@dataclass
class RuleInfo:
    """A rule in the file. `counts` are of its rows, `stated` are the file's own, both by status.

    `by_name` says that the file gives no id for it.
    """

    number: int
    key: str
    rule_id: str
    name: str
    by_name: bool
    identifier: str = ""
    description: str = ""
    risk: int = 0
    remediation: str = ""
    execution: str = ""
    counts: dict[int, int] = field(default_factory=dict)
    stated: dict[int, int] = field(default_factory=dict)


@dataclass
class Contents:
    """All of a file but its rows. `lists` names the statuses that the file gives row by row."""

    reader: int
    kind: str
    members: list[ZipMember] = field(default_factory=list)
    language: str = ""
    sheets: list[SheetInfo] = field(default_factory=list)
    rules: list[RuleInfo] = field(default_factory=list)
    rows: int = 0
    duplicates: int = 0
    content: int = 0  # a hash over the keys and digests of all rows, in any order
    failing_resources: int = 0  # distinct by account, region, type and id
    notes: list[FileNote] = field(default_factory=list)
    evaluated_from: str | None = None
    evaluated_to: str | None = None
    lists: list[str] = field(default_factory=list)
    stated: dict[str, int] = field(default_factory=dict)
    pack_id: str = ""
    pack_name: str = ""
    account_uid: str = ""
    created_at: str = ""

    def add_note(self, code: str, **facts: str | int) -> None:
        self.notes.append(FileNote(code, facts))


def dump_contents(contents: Contents) -> bytes:
    """Return contents as JSON."""
    return orjson.dumps(contents, option=orjson.OPT_NON_STR_KEYS)


def load_contents(data: bytes) -> Contents:
    """Return contents from JSON, with numbers for the dictionary keys that JSON holds as texts."""
    fields: dict[str, Any] = orjson.loads(data)
    for sheet in fields["sheets"]:
        sheet["recognised"] = _with_number_keys(sheet["recognised"])
    for rule in fields["rules"]:
        rule["counts"] = _with_number_keys(rule["counts"])
        rule["stated"] = _with_number_keys(rule["stated"])
    fields["members"] = [ZipMember(**member) for member in fields["members"]]
    fields["notes"] = [FileNote(**note) for note in fields["notes"]]
    fields["sheets"] = [SheetInfo(**sheet) for sheet in fields["sheets"]]
    fields["rules"] = [RuleInfo(**rule) for rule in fields["rules"]]
    return Contents(**fields)


def _with_number_keys(values: dict[str, Any]) -> dict[int, Any]:
    return {int(number): value for number, value in values.items()}
