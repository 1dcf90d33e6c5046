"""Turn the rows of sheets into evaluations: the status of one resource under one rule.

Evaluations are sorted by their key, a hash of rule and resource (see evaluation_hashes). A bucket
is the list of all evaluations whose keys begin with the same five bits.
"""

import marshal
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from .contents import Contents, EvaluationGroup, EvaluationRow, RuleInfo
from .evaluation_hashes import add_to_content_hash, change_duplicate_key
from .remarks import Facts, RemarkCode
from .rule_collector import RuleCollector
from .status_codes import StatusCode
from .stored_form import BUCKET_COUNT, BUCKET_SHIFT

# The fields of an EvaluationRow, in their order. marshal and orjson accept plain tuples only.
RowTuple = tuple[Any, ...]

TEXTS_END = EvaluationRow._fields.index("sheet")  # the texts of a row are the fields before it
# The fields behind the place of a row that only the file states.
FILE_ONLY_VALUES = tuple(
    EvaluationRow._field_defaults[name] for name in EvaluationRow._fields[TEXTS_END + 2 :]
)

# The status of all rows of a sheet, for the sheet roles with only one status.
STATUS_BY_ROLE = {
    "non_compliant": StatusCode.NON_COMPLIANT,
    "compliant": StatusCode.COMPLIANT,
    "ignored": StatusCode.IGNORED,
}

WAITING_ROWS = 70_000  # above this number, rows in memory are compressed; an .xls sheet has fewer


@dataclass(slots=True)
class SheetGroup:
    """An EvaluationGroup while rows are added to it: values that many rows of a sheet share.

    `remarks` are codes and facts of remarks that each row of the group gets.
    """

    number: int
    rule: RuleInfo
    status: int
    risk: int
    account: str
    region: str
    resource_type: str
    rule_hash: int
    place_hash: int
    remarks: tuple[tuple[RemarkCode, Facts], ...] = ()
    has_lost_digits: bool = False  # of an id that the rows share
    rows: int = 0

    def to_evaluation_group(self) -> EvaluationGroup:
        return EvaluationGroup(
            rule=self.rule.number,
            status=self.status,
            risk=self.risk,
            account=self.account,
            region=self.region,
            resource_type=self.resource_type,
            rows=self.rows,
        )


class EvaluationCollector:
    """Collects the evaluations of all sheets of a file, and yields them sorted by key."""

    def __init__(self, rules: RuleCollector, contents: Contents) -> None:
        self._rules = rules
        self._contents = contents
        self._buckets: list[list[RowTuple]] = [[] for _ in range(BUCKET_COUNT)]
        self._compressed: list[list[bytes]] = [[] for _ in range(BUCKET_COUNT)]
        self._waiting_rows = 0
        self.groups: list[EvaluationGroup] = []  # by number; rows are counted at a sheet's end
        # The resources by status; those that fail by risk too.
        self._compliant_resources: set[int] = set()
        self._failing_resources: dict[int, set[int]] = {}
        self._risk_by_rule: dict[int, int] = {}  # the highest that a row gives

    def add_row(self, row: RowTuple) -> None:
        """Put an evaluation into its bucket."""
        key = row[0]
        self._buckets[key >> BUCKET_SHIFT].append(row)

    def compress_waiting_rows(self, added: int) -> None:
        """Count `added` new rows, and compress all rows if there are more than WAITING_ROWS."""
        self._waiting_rows += added
        if self._waiting_rows > WAITING_ROWS:
            for compressed, rows in zip(self._compressed, self._buckets, strict=True):
                compressed.append(zlib.compress(marshal.dumps(rows), 1))
                rows.clear()
            self._waiting_rows = 0

    def take_buckets(self) -> Iterator[tuple[int, list[RowTuple]]]:
        """Yield (bucket number, rows sorted by key) for each bucket with rows, and free the bucket.

        The content hash, the duplicates and the judged resources are counted on the way.
        """
        for bucket, rows in enumerate(self._buckets):
            for compressed in self._compressed[bucket]:
                rows += marshal.loads(zlib.decompress(compressed))  # noqa: S302  written above
            self._compressed[bucket].clear()
            if not rows:
                continue
            rows.sort(key=itemgetter(0))
            if len({row[0] for row in rows}) < len(rows):
                rows = self._separate_duplicates(rows)
            self._summarise_rows(rows)
            yield bucket, rows
            self._buckets[bucket] = []

    def _separate_duplicates(self, rows: list[RowTuple]) -> list[RowTuple]:
        """Give each evaluation a different key, and return them sorted by key.

        Evaluations with the same key are numbered in the order of their content, so that the new
        keys do not depend on the order of rows and sheets.
        """

        def order_by_content(row: RowTuple) -> tuple[Any, ...]:
            key, digest, _resource, group_number, *texts = row[:TEXTS_END]
            _rule, *group_values, _rows = self.groups[group_number]
            return key, digest, group_values, texts

        separate_rows = []
        occurrences: Counter[int] = Counter()
        for row in sorted(rows, key=order_by_content):
            key = row[0]
            if occurrences[key]:
                row = (change_duplicate_key(key, occurrences[key]), *row[1:])
                self._contents.duplicates += 1
            occurrences[key] += 1
            separate_rows.append(row)
        return sorted(separate_rows)

    def _summarise_rows(self, rows: list[RowTuple]) -> None:
        """Add rows to the content hash and to the judged resources of the file."""
        content_hash = self._contents.content
        resources_by_group = [self._find_resources(group) for group in self.groups]
        for key, digest, resource, group_number, *_texts_and_place in rows:
            content_hash = add_to_content_hash(content_hash, key, digest)
            resources = resources_by_group[group_number]
            if resources is not None:
                resources.add(resource)
        self._contents.content = content_hash

    def _find_resources(self, group: EvaluationGroup) -> set[int] | None:
        """Return the set to which the resources of a group belong; None for other statuses."""
        if group.status == StatusCode.COMPLIANT:
            return self._compliant_resources
        if group.status == StatusCode.NON_COMPLIANT:
            return self._failing_resources.setdefault(group.risk, set())
        return None

    def finish_group(self, group: SheetGroup) -> None:
        """Store the final row count of a group, and count its rows for its rule."""
        self.groups[group.number] = group.to_evaluation_group()
        counts = group.rule.counts
        counts[group.status] = counts.get(group.status, 0) + group.rows
        # 1 is the highest risk; 0 and None say that it is not known.
        risks = filter(None, (self._risk_by_rule.get(group.rule.number), group.risk))
        self._risk_by_rule[group.rule.number] = min(risks, default=0)

    def finish(self) -> None:
        """Complete the rules and the contents; call this after all sheets and take_buckets.

        A rule whose risk the rule list does not give gets the highest risk of its rows. All sheets
        must be read before, so that the order of the sheets does not matter.
        """
        failing = set().union(*self._failing_resources.values())
        self._contents.failing_resources = len(failing)
        self._contents.failing_resources_by_risk = {
            risk: len(resources) for risk, resources in sorted(self._failing_resources.items())
        }
        self._contents.compliant_resources = len(self._compliant_resources - failing)
        for rule in self._rules.rules:
            rule.risk = rule.risk or self._risk_by_rule.get(rule.number, 0)
