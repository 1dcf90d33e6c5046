"""What the stored form says of a file: its sheets, its rules, its totals."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

READER = 1  # raised whenever reading the same bytes may give another result


class Group(NamedTuple):
    """What evaluations have in common that share all of it; `rule` is the number of the rule in this file."""

    rule: int
    status: int
    risk: int
    account: str
    region: str
    resource_type: str
    rows: int  # how many there are


class Evaluated(NamedTuple):
    """One recognised row: what one rule found of one resource.

    `key` names rule and resource, `resource` the resource alone, `digest` what was found (63 bits each, positive);
    `group` is the number of its Group; `sheet` and `row` (both from 0) are its place in the file.
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
class Member:
    """A file inside a zip."""

    name: str
    sha256: str
    size: int
    kind: str


@dataclass
class Note:
    """Something a reader of the report should know of the file."""

    code: str
    facts: dict[str, str | int]


@dataclass
class SheetInfo:
    """A sheet: `role` is overview, rules, non_compliant, compliant, ignored, evaluations or empty where not known."""

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
    """A rule as the file tells of it; counts are keyed by Status."""

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
    """All of a file but its rows. `lists` names the statuses the file gives row by row."""

    reader: int
    kind: str
    members: list[Member] = field(default_factory=list)
    language: str = ""
    sheets: list[SheetInfo] = field(default_factory=list)
    rules: list[RuleInfo] = field(default_factory=list)
    rows: int = 0
    duplicates: int = 0
    content: int = 0  # a hash over the keys and digests of all rows, in any order
    failing_resources: int = 0  # by account, region, type and id, as everywhere
    notes: list[Note] = field(default_factory=list)
    evaluated_from: str | None = None
    evaluated_to: str | None = None
    lists: list[str] = field(default_factory=list)
    stated: dict[str, int] = field(default_factory=dict)
    pack_id: str = ""
    pack_name: str = ""
    account_uid: str = ""
    created_at: str = ""

    def note(self, code: str, **facts: str | int) -> None:
        """Remember something for the reader of the report."""
        self.notes.append(Note(code, facts))


def dump(contents: Contents) -> bytes:
    """Contents as JSON."""
    return orjson.dumps(contents, option=orjson.OPT_NON_STR_KEYS)


def load(data: bytes) -> Contents:
    """Contents from JSON, whose keys of dictionaries are numbers again."""
    found: dict[str, Any] = orjson.loads(data)
    found["members"] = [Member(**member) for member in found["members"]]
    found["notes"] = [Note(**note) for note in found["notes"]]
    found["sheets"] = [
        SheetInfo(**{**one, "recognised": _numbered(one["recognised"])}) for one in found["sheets"]
    ]
    found["rules"] = [
        RuleInfo(**{**one, "counts": _numbered(one["counts"]), "stated": _numbered(one["stated"])})
        for one in found["rules"]
    ]
    return Contents(**found)


def _numbered(found: dict[str, Any]) -> dict[int, Any]:
    return {int(number): value for number, value in found.items()}
