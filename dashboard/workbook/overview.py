"""Read what an overview sheet states: facts as label and value, and tables of counts.

A table is a row of labels with rows of counts below it. Its numbers belong to the kinds of things
in its first column, such as risks: they are not the numbers of the whole report.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .cells import Cell, cell_to_text
from .column_words import COUNT_MEANINGS
from .identity_values import find_account_id, has_lost_digits, is_account_cell
from .invisible import clean_text
from .row_kinds import is_total_text
from .status_codes import is_not_stated, parse_count, parse_risk
from .times import normalise_time
from .vocabulary import (
    find_column_meaning,
    find_count_basis,
    find_tally_meaning,
    is_certain_label,
    list_uncertain_meanings,
)

OVERVIEW_ROWS = 500  # the maximum that is read of an overview
_FULL_WIDTH_COLON = "\uff1a"
_LABEL_PARTS = re.compile(r"[()（）\[\]【】]|\s[-–—/]\s|[-–—]")
_VALUE_DISTANCE = 6  # columns between a label and its value; merged cells leave gaps
_STATED_MEANINGS = ("total", *COUNT_MEANINGS)
# The time of the report goes before other times; a label with an earlier word here goes first.
_TIME_WORDS = (
    ("报告", "報告", "report", "レポート"),
    ("生成", "generat"),
    ("导出", "匯出", "export", "出力", "エクスポート"),
    ("",),
)


@dataclass
class OverviewContents:
    """What an overview states. `values` are texts by meaning, `counts` numbers by meaning.

    `tallies` are counts of rules, evaluations and resources (see Contents.stated_tallies).
    `bases` are what the counts count, as far as their labels say it. `lost_rows` are the rows with
    an account that lost digits; `doubtful_times` are row and text of a report time that is not
    understood.
    """

    values: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    tallies: dict[str, int] = field(default_factory=dict)
    bases: set[str] = field(default_factory=set)
    failing_by_risk: dict[int, int] = field(default_factory=dict)
    created_at: str = ""
    lost_rows: list[int] = field(default_factory=list)
    doubtful_times: list[tuple[int, str]] = field(default_factory=list)

    @property
    def has_facts(self) -> bool:
        """Whether anything was read."""
        facts = (self.values, self.counts, self.tallies, self.failing_by_risk, self.created_at)
        return any(facts) or bool(self.lost_rows or self.doubtful_times)

    @property
    def basis(self) -> str:
        return next(iter(self.bases)) if len(self.bases) == 1 else ""


class _Pair(NamedTuple):
    """A label and its value; `row` is the index of its row."""

    row: int
    label: str
    value: Cell


def read_overview(rows: Sequence[Sequence[Cell]]) -> OverviewContents:
    """Return what these rows of an overview state."""
    overview = OverviewContents()
    texts = [[clean_text(cell_to_text(cell)) for cell in row] for row in rows]
    pairs: list[_Pair] = []
    number = 0
    while number < len(rows):
        end = _find_table_end(texts, number)
        if end:
            _read_table(overview, texts[number], texts[number + 1 : end])
            number = end
        else:
            pairs += _read_pairs(rows, texts, number)
            number += 1
    _add_pairs(overview, pairs)
    return overview


def _is_label(text: str) -> bool:
    """Return whether a text is a label for sure."""
    label = _split_label(text)[0]
    return is_certain_label(label) or bool(find_tally_meaning(label))


def _may_be_label(text: str) -> bool:
    return bool(
        _is_label(text)
        or find_column_meaning(_split_label(text)[0]).meaning
        or list_uncertain_meanings(text)
    )


def _is_number(text: str) -> bool:
    return parse_count(text) is not None or text.endswith("%")


def _find_table_end(texts: Sequence[Sequence[str]], start: int) -> int:
    """Return the index of the row after the table that begins at `start`; 0 if none begins.

    A table begins with a row of labels, or of risks, without numbers, and goes on while its rows
    have a number below a label and do not begin with the label of another fact.
    """
    head = {column: text for column, text in enumerate(texts[start]) if text}
    risks = sum(bool(parse_risk(text)) and not _is_number(text) for text in head.values())
    known = sum(map(_may_be_label, head.values()))
    if len(head) < 2 or any(map(_is_number, head.values())):
        return 0
    if risks < 2 and not (known >= 2 or (known and len(head) == 2)):
        return 0
    if risks < 2 and any(_split_label(text)[1] for text in head.values()):
        return 0
    end = start + 1
    while end < len(texts) and _is_table_row(head, texts[end], is_risk_head=risks >= 2):
        end += 1
    return end if end > start + 1 else 0


def _is_table_row(head: Mapping[int, str], row: Sequence[str], *, is_risk_head: bool) -> bool:
    """Return whether a row has numbers below labels of the head, and nothing elsewhere."""
    cells = {column: text for column, text in enumerate(row) if text}
    first_column, last_column = min(head), max(head)
    numbers = [column for column, text in cells.items() if _is_number(text) and column in head]
    first_text = cells.get(first_column, "") or next(iter(cells.values()), "")
    is_fact = _is_label(first_text) and not is_risk_head and not is_total_text(first_text)
    texts_elsewhere = [column for column in cells if column > last_column]
    return bool(numbers) and not is_fact and not texts_elsewhere


def _read_table(
    overview: OverviewContents, head: Sequence[str], body: Sequence[Sequence[str]]
) -> None:
    """Add the counts of a table: by risk, of its row for the total, or of its only row."""
    columns = {column: text for column, text in enumerate(head) if text}
    if sum(bool(parse_risk(text)) for text in columns.values()) >= 2:
        for row in body:
            label = next(filter(None, row), "")
            for column, text in columns.items():
                if column < len(row) and (count := parse_count(row[column])) is not None:
                    _add_table_count(overview, label, text, count)
        return
    first_column = min(columns)
    has_kinds = not _is_count_label(columns[first_column])
    is_of_risks = "risk" in (
        find_column_meaning(columns[first_column]).meaning,
        *list_uncertain_meanings(columns[first_column]),
    ) or any(parse_risk(row[first_column]) for row in body if first_column < len(row))
    for row in body:
        kind = row[first_column] if first_column < len(row) else ""
        is_total = is_total_text(kind) or (not has_kinds and len(body) == 1)
        if not (is_of_risks and has_kinds) and not is_total:
            continue
        for column, label in columns.items():
            count = parse_count(row[column]) if column < len(row) else None
            if count is not None and (column != first_column or not has_kinds):
                _add_table_count(overview, label, "total" if is_total else kind, count)


def _is_count_label(text: str) -> bool:
    return find_column_meaning(text).meaning in _STATED_MEANINGS or bool(find_tally_meaning(text))


def _add_table_count(overview: OverviewContents, label: str, kind: str, count: int) -> None:
    """Add a count of a table; `kind` is a risk, or the word for a total."""
    tally, meaning = find_tally_meaning(label), find_column_meaning(label).meaning
    if kind == "total" or is_total_text(kind):
        _add_count(overview, label, count)
        return
    risk = parse_risk(kind)
    if not risk:
        return
    if tally:
        overview.tallies.setdefault(f"{tally}:{risk}", count)
    elif meaning == "non_compliant" or "status" in list_uncertain_meanings(label):
        basis = find_count_basis(label)
        overview.failing_by_risk.setdefault(risk, count)
        overview.bases.add(basis or "resources")
        if basis == "resources":
            overview.tallies.setdefault(f"failing_resources:{risk}", count)
        elif basis == "evaluations":
            overview.tallies.setdefault(f"failing_evaluations:{risk}", count)


def _add_count(overview: OverviewContents, label: str, count: int) -> None:
    """Add a count of the whole report by its label."""
    if tally := find_tally_meaning(label):
        overview.tallies.setdefault(tally, count)
    meaning = find_column_meaning(label).meaning
    if meaning in _STATED_MEANINGS and meaning not in overview.counts:
        overview.counts[meaning] = count
        if meaning in COUNT_MEANINGS and (basis := find_count_basis(label)):
            overview.bases.add(basis)


def _read_pairs(
    rows: Sequence[Sequence[Cell]], texts: Sequence[Sequence[str]], number: int
) -> Iterator[_Pair]:
    """Yield the labels of a row with their values.

    The value of a label is the text after its colon, or else the first value to its right, or else
    the cell below it.
    """
    row = texts[number]
    for column, text in enumerate(row):
        label, value_text = _split_label(text)
        if not find_column_meaning(label).meaning and not find_tally_meaning(label):
            continue
        if value_text:
            yield _Pair(number, label, value_text)
            continue
        value_column = _find_value_column(row, column)
        if value_column is not None:
            yield _Pair(number, label, rows[number][value_column])
        elif number + 1 < len(rows) and column < len(texts[number + 1]):
            below = texts[number + 1][column]
            if below and not _may_be_label(below):
                yield _Pair(number + 1, label, rows[number + 1][column])


def _find_value_column(row: Sequence[str], column: int) -> int | None:
    """Return the column of the value on the right of a label; None if there is none.

    Several counts on the right are a row of a table, and none of them is the value.
    """
    end = min(column + 1 + _VALUE_DISTANCE, len(row))
    values = [number for number in range(column + 1, end) if row[number]]
    if not values or _may_be_label(row[values[0]]):
        return None
    counts = [number for number in values if parse_count(row[number]) is not None]
    return None if len(counts) > 1 and values[: len(counts)] == counts else values[0]


def _add_pairs(overview: OverviewContents, pairs: Sequence[_Pair]) -> None:
    """Add the facts; the first value of a meaning counts."""
    times: list[tuple[int, _Pair]] = []
    for pair in pairs:
        meaning = find_column_meaning(pair.label).meaning
        text = clean_text(cell_to_text(pair.value))
        if meaning == "created_at":
            times.append((_rank_time_label(pair.label), pair))
        elif (count := parse_count(text)) is not None and _is_count_label(pair.label):
            label, risk = _split_risk(pair.label)
            if risk:
                _add_table_count(overview, label, risk, count)
            else:
                _add_count(overview, pair.label, count)
        elif meaning == "account_id":
            _add_account(overview, pair)
        elif meaning and text and not is_not_stated(text):
            overview.values.setdefault(meaning, text)
    for _rank, pair in sorted(times, key=lambda ranked: ranked[0])[:1]:
        text = _time_text(pair.value)
        overview.created_at = normalise_time(text) or ""
        if text and not overview.created_at:
            overview.doubtful_times.append((pair.row, text))


def _add_account(overview: OverviewContents, pair: _Pair) -> None:
    """Add the account of the report, unless its number lost digits."""
    if has_lost_digits(pair.value):
        overview.lost_rows.append(pair.row)
    elif is_account_cell(pair.value):
        text = clean_text(cell_to_text(pair.value))
        overview.values.setdefault("account_id", find_account_id(text) or text)


def _time_text(cell: Cell) -> str:
    return cell["d"] if isinstance(cell, dict) and "d" in cell else clean_text(cell_to_text(cell))


def _rank_time_label(label: str) -> int:
    """Return how little a label is that of the report's own time: 0 for the report's time."""
    label = label.casefold()
    return next(
        rank for rank, words in enumerate(_TIME_WORDS) if any(word in label for word in words)
    )


def _split_risk(label: str) -> tuple[str, str]:
    """Return (label, risk) of a label such as `不合规资源数（高风险）`; "" without a risk."""
    parts = [part.strip() for part in _LABEL_PARTS.split(label) if part.strip()]
    risks = [part for part in parts if parse_risk(part)]
    others = [part for part in parts if part not in risks]
    return (" ".join(others), risks[0]) if len(risks) == 1 and others else (label, "")


def _split_label(text: str) -> tuple[str, str]:
    """Return (text before the colon, text after the colon), both without spaces.

    The second text is "" without a colon.
    """
    label, _colon, value = text.replace(_FULL_WIDTH_COLON, ":", 1).partition(":")
    return label.strip(), value.strip()


def find_pack_id(text: str) -> str:
    """Return the pack id in a text, such as cp-6f0d62a3b1c94e75a208; "" if it has none."""
    match = re.search(r"\bc[a-z]-[0-9A-Za-z]{4,}", text)
    return match[0] if match else ""
