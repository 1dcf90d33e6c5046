"""Rows to evaluations, each with a key that names it and a digest of what it says; neither sees what does not matter.

All three numbers of an evaluation are hashes (BLAKE2b, 63 bits) mixed by exclusive or, so that what many rows share is
hashed once. Texts that name something count in one form: NFKC, no outer spaces, no case.
Resource: account, region and resource type; resource id. The same in all packs.
Key: rule; resource. Its top five bits choose the bucket. The second and further rows of one identity within a file are
numbered in the order of their digests, so that no order of rows or sheets shows; the number is mixed into the lower 58
bits only, which keeps them in the bucket of the first.
Digest: status, risk, actual, expected and reason; resource name. Not the time of evaluation, which always changes, nor
the prose of a reason whose operator and property are given: it speaks the report's language.
"""

import json
import marshal
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter
from typing import Any, TypeVar

from .cells import Cell, normal, text
from .codes import Status, risk_of, status_of
from .contents import Contents, Group, RuleInfo, SheetInfo
from .rules import Rules
from .stored import BUCKETS, SHIFT
from .times import Times

K = TypeVar("K")
V = TypeVar("V")
PENDING = 70_000  # rows held as they are; beyond, they wait compressed. One BIFF sheet stays below
_LOW = (1 << SHIFT) - 1
_MASK = 2**63 - 1
_MIX = 0x9E3779B97F4A7C15  # spreads neighbouring digests, so that a sum tells sets of rows apart
_GROUP = ("rule_id", "rule_name", "account_id", "region", "resource_type", "status", "risk")
_OWN = ("resource_id", "resource_name", "actual", "expected", "reason")
LISTS = {
    "non_compliant": Status.NON_COMPLIANT,
    "compliant": Status.COMPLIANT,
    "ignored": Status.IGNORED,
}


class _Remembered(dict[K, V]):
    """What a function gives for a text, remembered: reports repeat most of their texts, and each other's."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, known: K) -> V:
        if len(self) > 50_000:
            self.clear()
        found = self[known] = self._make(known)
        return found


def _hash(*texts: str) -> int:
    named = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big") >> 1


def _plain(cell: Cell) -> str:
    """`text` of a cell that may be remembered: a number would be found under another that equals it."""
    if cell is None or type(cell) is str:
        return text(cell)
    raise TypeError


def _digests(said: tuple[int, int]) -> "_Remembered[tuple[str, str, str], int]":
    """The digests of what is said with a status and a risk, by actual, expected and substance of the reason."""
    status, risk = map(str, said)
    return _Remembered(lambda texts: _hash("said", status, risk, *texts))


# All of these follow from the texts alone, so that they serve one file after another.
_PLAIN: _Remembered[Any, str] = _Remembered(_plain)
_IDS: _Remembered[str, int] = _Remembered(lambda resource_id: _hash("id", normal(resource_id)))
_NAMES: _Remembered[str, int] = _Remembered(lambda name: _hash("name", name))
_RULES: _Remembered[str, int] = _Remembered(lambda key: _hash("rule", key))
_PLACES: _Remembered[tuple[str, str, str], int] = _Remembered(
    lambda place: _hash("place", *map(normal, place))
)
_SAID = _Remembered(_digests)


@dataclass(slots=True)
class _Group:
    """What all rows with the same rule, account, region, type, status and risk have in common."""

    number: int
    rule: RuleInfo
    shown: tuple[int, int, str, str, str]  # status, risk, account, region, resource type
    hash: int  # of the rule
    place: int  # hash of account, region and resource type
    digests: dict[tuple[str, str, str], int]  # by actual, expected and reason
    count: int = 0


class _Groups(dict[tuple[Cell, ...], _Group | None]):
    """Groups by the cells that name them; what is not there is asked for."""

    def __init__(self, find: Callable[[tuple[Cell, ...]], _Group | None]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, cells: tuple[Cell, ...]) -> _Group | None:
        return self._find(cells)


class Evaluations:
    """Collects the evaluations of a file and gives them sorted, bucket by bucket."""

    def __init__(self, rules: Rules, contents: Contents, times: Times) -> None:
        self._rules = rules
        self._contents = contents
        self.times = times
        self.rows: list[list[tuple[Any, ...]]] = [[] for _ in range(BUCKETS)]
        self._packed: list[list[bytes]] = [[] for _ in range(BUCKETS)]
        self._held = 0
        self.groups: list[
            Group
        ] = []  # by the numbers by which rows name them; counted once a sheet has been read
        self._failing: set[int] = set()
        self._risks: dict[int, int] = {}

    def sheet(self, info: SheetInfo, account: str) -> "Sheet":
        """The collector of one sheet's rows; `account` owns the rows that name none."""
        return Sheet(self, info, account)

    def group(self, cells: Sequence[str], role: str, account: str) -> _Group | None:
        """What these cells say together; None where they name no rule or no status."""
        rule_id, name, owner, region, kind, status_text, risk_text = cells
        rule = self._rules.named(rule_id, name)
        status = status_of(status_text) if status_text else LISTS.get(role)
        if rule is None or status is None:
            return None
        risk = risk_of(risk_text) or rule.risk
        owner = owner or account
        shown = (int(status), risk, owner, region, kind)
        self.groups.append(Group(rule.number, *shown, rows=0))
        place = _PLACES[owner, region, kind]
        return _Group(len(self.groups) - 1, rule, shown, _RULES[rule.key], place, _SAID[shown[:2]])

    def pack(self, added: int) -> None:
        """Compress what waits, once it is much."""
        self._held += added
        if self._held > PENDING:
            for bucket, rows in enumerate(self.rows):
                self._packed[bucket].append(zlib.compress(marshal.dumps(rows), 1))
                rows.clear()
            self._held = 0

    def buckets(self) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """(bucket, rows sorted by key) of every bucket that has rows; each may be asked for once."""
        failing = {
            number
            for number, group in enumerate(self.groups)
            if group.status == Status.NON_COMPLIANT
        }
        for bucket, rows in enumerate(self.rows):
            for packed in self._packed[bucket]:
                rows += marshal.loads(zlib.decompress(packed))  # noqa: S302  our own, a moment old
            self._packed[bucket].clear()
            if rows:
                rows.sort(key=itemgetter(0))
                keys = [row[0] for row in rows]
                if len(set(keys)) < len(keys):
                    self._number(rows)
                self._contents.content += sum([row[0] ^ (row[1] * _MIX) for row in rows])
                self._failing.update([row[2] for row in rows if row[3] in failing])
                yield bucket, rows
                self.rows[bucket] = []

    def judged_at(self, rule: RuleInfo, risk: int) -> None:
        """Remember the risk that rows give a rule; the highest counts where the file lists none."""
        self._risks[rule.number] = min(
            filter(None, (self._risks.get(rule.number, 0), risk)), default=0
        )

    def finish(self) -> None:
        """Complete the rules, now that no row can depend on which sheet came first, and the contents."""
        self._contents.content &= _MASK
        self._contents.failing_resources = len(self._failing)
        for rule in self._rules.found:
            rule.risk = rule.risk or self._risks.get(rule.number, 0)

    def note(self, info: SheetInfo, skipped: int, lost: int) -> None:
        """Say what a sheet's rows lacked."""
        if skipped:
            self._contents.note("rows_skipped", sheet=info.number, rows=skipped)
        if lost:
            self._contents.note("digits_lost", sheet=info.number, rows=lost)

    def _number(self, rows: list[tuple[Any, ...]]) -> None:
        """Give the further rows of one identity keys of their own, in the order of their digests."""
        seen: Counter[int] = Counter()
        rows.sort(key=lambda row: (row[0], row[1], self.groups[row[3]][1:6], row[4:9]))
        for at, row in enumerate(rows):
            key = row[0]
            if occurrence := seen[key]:
                low = blake2b(f"{key}\x1f{occurrence}".encode(), digest_size=8).digest()
                rows[at] = (key & ~_LOW | int.from_bytes(low, "big") & _LOW, *row[1:])
                self._contents.duplicates += 1
            seen[key] += 1
        rows.sort()


class Sheet:
    """Turns the rows of one sheet into evaluations."""

    def __init__(self, owner: Evaluations, info: SheetInfo, account: str) -> None:
        place = {meaning: column for column, meaning in reversed(info.recognised.items())}
        self._width = max(info.recognised) + 1
        missing = -1  # one more cell, always empty, ends each row
        self._group = itemgetter(*(place.get(meaning, missing) for meaning in _GROUP))
        self._own = itemgetter(*(place.get(meaning, missing) for meaning in _OWN))
        self._evaluated_at = place.get("evaluated_at")
        self._owner = owner
        self._info = info
        self._account = account
        self._groups = _Groups(self._group_of)
        self._skipped = 0
        self._lost = 0

    def add(self, rows: list[list[Cell]], first: int) -> None:
        """Take in rows, the first of which is row `first` of the sheet. The rows are ours from now on."""
        if not rows:
            return
        if len(self._groups) > 50_000:
            self.close()
        for row in rows:
            if len(row) < self._width:
                row.extend([None] * (self._width - len(row)))
            row.append(None)
        groups = self._groups_of(list(map(self._group, rows)))
        cells = zip(*map(self._own, rows), strict=True)
        given, *_ = columns = list(cells)
        ids, names, *said = map(_texts, columns)
        ids = [resource_id or name for resource_id, name in zip(ids, names, strict=True)]
        hashes = map(_IDS.__getitem__, ids), map(_NAMES.__getitem__, names)
        buckets, sheet, number, taken = self._owner.rows, self._info.number, first - 1, 0
        for group, cell, resource_id, name, actual, expected, reason, hashed, named in zip(
            groups, given, ids, names, *said, *hashes, strict=True
        ):
            number += 1
            if group is None or not resource_id:
                self._skipped += any(cell is not None for cell in rows[number - first])
                continue
            if type(cell) is not str:
                self._lost += _digits_lost(cell)
            substance = reason
            if reason[:1] == "{":
                stated_actual, stated_expected, reason, substance = _REASONS[reason]
                actual, expected = actual or stated_actual, expected or stated_expected
            resource = group.place ^ hashed
            key = group.hash ^ resource or 1
            digest = group.digests[actual, expected, substance] ^ named
            own = (resource_id, name, actual, expected, reason, sheet, number)
            buckets[key >> SHIFT].append((key, digest, resource, group.number, *own))
            group.count += 1
            taken += 1
        self._info.evaluations += taken
        if self._evaluated_at is not None:
            self._owner.times.add([row[self._evaluated_at] for row in rows])
        self._owner.pack(taken)

    def close(self) -> None:
        """Add up what the rows gave."""
        for group in {group.number: group for group in self._groups.values() if group}.values():
            if group.count:
                status, risk = group.shown[:2]
                self._owner.groups[group.number] = Group(
                    group.rule.number, *group.shown, rows=group.count
                )
                group.rule.counts[status] = group.rule.counts.get(status, 0) + group.count
                self._owner.judged_at(group.rule, risk)
        self._groups.clear()
        self._owner.note(self._info, skipped=self._skipped, lost=self._lost)
        self._skipped = self._lost = 0

    def _groups_of(self, named: list[tuple[Cell, ...]]) -> list[_Group | None]:
        lost = self._lost
        try:
            return list(map(self._groups.__getitem__, named))
        except TypeError:  # a date or an error cannot be looked up
            self._lost = lost
            return list(map(self._group_of, named))

    def _group_of(self, cells: tuple[Cell, ...]) -> _Group | None:
        """The group that these cells name; remembered by them where they are texts, as numbers equal one another."""
        shown = tuple(_texts(cells))
        if shown not in self._groups:
            self._groups[shown] = self._owner.group(shown, self._info.role, self._account)
        found = self._groups[shown]
        if all(type(cell) is str or cell is None for cell in cells):
            self._groups[cells] = found
        else:
            self._lost += _digits_lost(cells[0]) + _digits_lost(cells[2])
        return found


def _texts(cells: Sequence[Cell]) -> list[str]:
    try:
        return list(map(_PLAIN.__getitem__, cells))
    except TypeError:
        return list(map(text, cells))


def _digits_lost(cell: Cell) -> bool:
    """Whether an id was stored as a number too long for one: spreadsheets keep 15 digits."""
    return isinstance(cell, (int, float)) and abs(cell) >= 1e15


def annotation(reason: str) -> tuple[str, str, str, str]:
    """(actual, expected, reason, substance) of a reason in the cloud's JSON; the text itself where it is none.

    The substance is what of it stays the same when a report is made in another language.

    https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-listconfigruleevaluationresults
    """
    try:
        found = json.loads(reason)
    except ValueError:
        return "", "", reason, reason
    if (
        not isinstance(found, dict)
        or not {"configuration", "desiredValue", "reason", "operator"} & found.keys()
    ):
        return "", "", reason, reason
    actual, expected, said, operator, subject = (
        _shown(found.get(name))
        for name in ("configuration", "desiredValue", "reason", "operator", "property")
    )
    condition = " ".join(filter(None, (operator, subject)))
    return actual, expected, said or condition, condition or said


def _shown(value: object) -> str:
    if value is None:
        return ""
    shown = (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    )
    return shown.encode("utf-8", "replace").decode().replace("\0", "").strip()


_REASONS = _Remembered(annotation)
