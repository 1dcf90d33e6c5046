"""Dataclasses for the stored form of a report file: its sheets, its rules, its evaluations.

The field names are the keys of the stored JSON, so a renamed field needs a new FORM_VERSION.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import orjson

from .errors import Code
from .remarks import Remark

READER_VERSION = 4  # increase it when the same file may give another result
NO_SHEET = -1  # the number of the sheet of an evaluation that no sheet has


class SourceCode(IntEnum):
    """What states an evaluation: the file, the evaluation results beside it, or both."""

    FILE = 1
    RESULTS = 2
    BOTH = 3


class EvaluationGroup(NamedTuple):
    """Values that many evaluations share; `rule` is the number of a RuleInfo of this file.

    For the numbers of `status` and `risk` see status_codes.
    """

    rule: int
    status: int
    risk: int
    account: str
    region: str
    resource_type: str
    rows: int  # how many evaluations share them


class EvaluationRow(NamedTuple):
    """An evaluation: the status of a resource under a rule, most often from a row of the file.

    `key` is a hash of the rule and the resource, `resource` a hash of the resource alone, `digest`
    a hash of the result; each has 63 bits (see evaluation_hashes). `group` is the number of the
    EvaluationGroup that holds its other values. `operator` is the cloud's word for what `actual`
    must be to `expected`. `sheet` and `row`, both from 0, are the place of the row in the file;
    `sheet` is NO_SHEET for an evaluation that the file does not have.

    The other fields come from the evaluation results that were fetched beside the file: `source` is
    a SourceCode, `results_status` their status if it differs from the file's, otherwise 0. Times
    are in milliseconds since 1970, 0 if not stated. `evaluated_at_ms` and `trigger`, the cloud's
    word for what caused the evaluation, change with every evaluation: they are no part of `digest`.
    """

    key: int
    digest: int
    resource: int
    group: int
    resource_id: str
    resource_name: str
    actual: str
    expected: str
    operator: str
    property_path: str
    reason: str
    sheet: int
    row: int
    source: int = SourceCode.FILE.value
    results_status: int = 0
    failing_since_ms: int = 0
    fixed_at_ms: int = 0
    exempt_until: str = ""
    resource_group: str = ""
    evaluated_at_ms: int = 0
    trigger: str = ""


@dataclass
class ZipMember:
    """A file inside a zip; `kind` is that of detect_file_kind."""

    name: str
    sha256: str
    size: int
    kind: str


@dataclass
class UnreadMember:
    """A file inside a zip of which nothing was read; `code` is that of the WorkbookError."""

    name: str
    code: Code
    facts: dict[str, str | int] = field(default_factory=dict)


@dataclass
class SheetInfo:
    """A sheet of the file. `recognised` gives the meaning of a column by the column's number.

    `member` is the index of the zip member that has the sheet, None without a zip. `role` says what
    the sheet lists: overview, rules, non_compliant, compliant, ignored, evaluations (resources of
    every status), or "" if not known.
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
    other_rows: int = 0  # below the header, and no data: empty rows, totals, repeated headers
    is_read: bool = True  # false if the workbook names the sheet, but it could not be read


@dataclass
class RuleInfo:
    """A rule in the file. `by_name` is true if its key is its name, because the file gives no id.

    `rule_id` may come from the evaluation results then; it is "" if no source gives one. `counts`
    is the number of its evaluations by status, `stated` the number that the rule list of the file
    states. `execution` is the text of the column for the execution status.
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
class Disagreement:
    """An evaluation on whose status the file and the evaluation results disagree.

    `rule` is the number of a RuleInfo of this file. Times are in milliseconds, 0 if not stated.
    """

    key: int
    rule: int
    resource_id: str
    resource_name: str
    file_status: int
    results_status: int
    file_evaluated_ms: int
    results_evaluated_ms: int


@dataclass
class ResultsSummary:
    """How the evaluation results beside a file were read and merged with its rows.

    `answers` and `rows` count what the list holds. `skipped` rows name no status, no rule or no
    resource. `repeated` rows repeat the rule and the resource of another one, of which the one
    evaluated last counts; `contradicting` ones of them have another status. `both`, `only_file` and
    `only_results` count the evaluations by source, `counts` those that the results state by status.
    `error_code` and `error_facts` say why the list could not be read: then nothing of it counts.
    """

    answers: int = 0
    rows: int = 0
    skipped: int = 0
    repeated: int = 0
    contradicting: int = 0
    both: int = 0
    only_file: int = 0
    only_results: int = 0
    counts: dict[int, int] = field(default_factory=dict)
    disagreements: int = 0
    disagreement_rows: list[Disagreement] = field(default_factory=list)  # the first hundred
    first_recorded_ms: int = 0
    last_recorded_ms: int = 0
    error_code: str = ""
    error_facts: dict[str, str | int] = field(default_factory=dict)


@dataclass
class Contents:
    """Everything about a file except its rows and evaluations.

    `lists` names the statuses for which the file lists each resource; for other statuses it gives
    only counts. `stated` holds the counts of the overview sheet, `evaluated_from` and
    `evaluated_to` the first and the last evaluation time.
    """

    reader: int
    kind: str
    members: list[ZipMember] = field(default_factory=list)
    # The report is incomplete if the zip has members that could not be read.
    unread_members: list[UnreadMember] = field(default_factory=list)
    language: str = ""
    sheets: list[SheetInfo] = field(default_factory=list)
    rules: list[RuleInfo] = field(default_factory=list)
    rows: int = 0
    duplicates: int = 0  # evaluations with the same rule and resource as another one
    content: int = 0  # a hash over the keys and digests of all rows, in any order
    # Resources are distinct by account, region, type and id. One fails if any rule fails it; it is
    # compliant if a rule finds it compliant and none fails it.
    failing_resources: int = 0
    compliant_resources: int = 0
    failing_resources_by_risk: dict[int, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    evaluated_from: str | None = None
    evaluated_to: str | None = None
    lists: list[str] = field(default_factory=list)
    stated: dict[str, int] = field(default_factory=dict)
    # What the status counts of the overview count: "resources" or "evaluations", as their labels
    # say; "" if they do not say it.
    stated_basis: str = ""
    # The overview's counts of rules and, by risk, of rules and failing evaluations; the keys are
    # those of OVERVIEW_TALLY_WORDS, with ":" and the risk's number in the table of risks.
    stated_tallies: dict[str, int] = field(default_factory=dict)
    pack_id: str = ""
    pack_name: str = ""
    account_uid: str = ""
    created_at: str = ""
    results: ResultsSummary | None = None  # if there are evaluation results beside the file


def dump_contents(contents: Contents) -> bytes:
    """Return the JSON of contents."""
    return orjson.dumps(contents, option=orjson.OPT_NON_STR_KEYS)


def load_contents(data: bytes) -> Contents:
    """Return the contents of this JSON.

    JSON has only texts as keys, so turn the keys of some dictionaries back into numbers.
    """
    fields: dict[str, Any] = orjson.loads(data)
    for sheet in fields["sheets"]:
        sheet["recognised"] = _convert_keys_to_numbers(sheet["recognised"])
    for rule in fields["rules"]:
        rule["counts"] = _convert_keys_to_numbers(rule["counts"])
        rule["stated"] = _convert_keys_to_numbers(rule["stated"])
    by_risk = fields.get("failing_resources_by_risk", {})
    fields["failing_resources_by_risk"] = _convert_keys_to_numbers(by_risk)
    fields["members"] = [ZipMember(**member) for member in fields["members"]]
    fields["unread_members"] = [
        UnreadMember(**member) for member in fields.get("unread_members", [])
    ]
    fields["remarks"] = [Remark(**remark) for remark in fields["remarks"]]
    fields["sheets"] = [SheetInfo(**sheet) for sheet in fields["sheets"]]
    fields["rules"] = [RuleInfo(**rule) for rule in fields["rules"]]
    if results := fields.get("results"):
        results["counts"] = _convert_keys_to_numbers(results["counts"])
        rows = results["disagreement_rows"]
        results["disagreement_rows"] = [Disagreement(**row) for row in rows]
        fields["results"] = ResultsSummary(**results)
    return Contents(**fields)


def _convert_keys_to_numbers(values: dict[str, Any]) -> dict[int, Any]:
    return {int(number): value for number, value in values.items()}
