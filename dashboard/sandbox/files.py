"""Report files: a pack's state written as a genuine BIFF8 .xls or as .xlsx, in either layout and language."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from math import floor
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import openpyxl
import xlwt

from dashboard.sandbox import words
from dashboard.sandbox.accounts import PackPlan
from dashboard.sandbox.resources import Resource
from dashboard.sandbox.rules import Rule
from dashboard.sandbox.state import (
    COMPLIANT,
    IGNORED,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    State,
)

BEIJING = timezone(timedelta(hours=8))
SHEET_ROWS = 65_536
"""Rows that a sheet of BIFF8 holds, its head among them."""

Cell = str | int
Sheets = Iterator[tuple[str, list[Sequence[Cell]]]]


def file_name(plan: PackPlan, created_at: datetime) -> str:
    """Return the cloud's name for a report; its time is UTC+8, and `.xls` whatever is inside."""
    return f"{plan.uid}-{plan.id}-report-{created_at.astimezone(BEIJING):%Y%m%d%H%M}.xls"


def build(
    state: State, created_at: datetime, *, language: str | None = None, sheet_rows: int = SHEET_ROWS
) -> bytes:
    """Return the bytes of the pack's report; `language` overrides the pack's own ("zh" or "en")."""
    sheets = _split(_sheets(state, created_at, language or state.plan.language), sheet_rows)
    return _xlsx(sheets, created_at) if state.plan.file_format == "xlsx" else _xls(sheets)


def encrypted() -> bytes:
    """Return a BIFF8 workbook that says it is encrypted: a FILEPASS record follows its first BOF."""
    book = xlwt.Workbook()
    book.add_sheet("1")
    stream = book.get_biff_data()
    bof_end = 4 + int.from_bytes(stream[2:4], "little")
    filepass = b"\x2f\x00\x36\x00" + b"\x01\x00\x01\x00\x01\x00" + bytes(range(48))
    target = BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(target, stream[:bof_end] + filepass + stream[bof_end:])
    return target.getvalue()


def _sheets(state: State, created_at: datetime, language: str) -> Sheets:
    names = words.SHEETS[language]
    yield names["overview"], _overview(state, created_at, language)
    if state.plan.layout == "older":
        yield names[NON_COMPLIANT], _older_failing(state, created_at, language)
        return
    yield names["rules"], _rule_list(state, language)
    for status in (NON_COMPLIANT, COMPLIANT, IGNORED):
        yield names[status], _resources(state, status, language)


def _overview(state: State, created_at: datetime, language: str) -> list[Sequence[Cell]]:
    text, plan, totals = words.OVERVIEW[language], state.plan, state.resource_totals
    failing = [rule for rule in state.rules if state.rule_status(rule) == NON_COMPLIANT]
    rows: list[Sequence[Cell]] = [
        (text["title"],),
        (),
        (text["pack"], plan.name),
        (text["pack_id"], plan.id),
        (text["template"], plan.template_id),
        (text["account"], plan.uid),
        (text["time"], f"{created_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} (UTC+8)"),
        (text["scope"], text["everything"]),
        (text["rate"], _rate(totals[COMPLIANT], totals[NON_COMPLIANT]) or text["no_data"]),
        (text["rules"], len(state.rules)),
        (text["failing_rules"], len(failing)),
        (text["resources"], totals.total()),
    ]
    statuses = (COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA, IGNORED)
    rows += [(text[status], totals[status]) for status in statuses]
    rows += [(), (text["risk"], text["rules"], text["failing_rules"], text["failing_evaluations"])]
    for risk, word in words.RISKS[language].items():
        of_risk = [rule for rule in state.rules if rule.risk == risk]
        evaluations = sum(state.rule_counts[rule.id][NON_COMPLIANT] for rule in of_risk)
        rows.append((word, len(of_risk), sum(rule.risk == risk for rule in failing), evaluations))
    return rows


def _rate(compliant: int, failing: int) -> str:
    """Return the percentage rounded down, so that one failure keeps it from 100."""
    if not compliant + failing:
        return ""
    return f"{floor(10_000 * compliant / (compliant + failing)) / 100:g}%"


def _rule_list(state: State, language: str) -> list[Sequence[Cell]]:
    made = datetime.fromtimestamp(state.plan.created_ms / 1000, UTC).astimezone(BEIJING)
    rows: list[Sequence[Cell]] = [words.RULE_HEAD[language]]
    for rule in state.rules:
        counts = state.rule_counts[rule.id]
        rows.append(
            (
                rule.id,
                rule.name(language),
                words.RISKS[language][rule.risk],
                words.STATUSES[language][state.rule_status(rule)],
                counts[COMPLIANT],
                counts[NON_COMPLIANT],
                counts[NOT_APPLICABLE],
                counts[IGNORED],
                f"{made:%Y-%m-%d %H:%M:%S}",
                words.SETTINGS[language],
                words.REMEDIATION[language].format(identifier=rule.identifier),
            )
        )
    return rows


def _resources(state: State, status: str, language: str) -> list[Sequence[Cell]]:
    failing = status == NON_COMPLIANT
    head = words.RESOURCE_HEAD[language] + (words.FAILING_HEAD[language] if failing else ())
    rows: list[Sequence[Cell]] = [head + words.PLACE_HEAD[language]]
    for rule, resource in _judged(state, status):
        row: Sequence[Cell] = (
            resource.type,
            resource.id,
            resource.name,
            rule.name(language),
            rule.id,
        )
        if failing:
            row = (
                *row,
                annotation(rule, language),
                words.REMEDIATION[language].format(identifier=rule.identifier),
            )
        rows.append((*row, resource.region, resource.uid, resource.tags))
    return rows


def _older_failing(state: State, created_at: datetime, language: str) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = [words.OLDER_HEAD[language]]
    moment = f"{created_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    for rule, resource in _judged(state, NON_COMPLIANT):
        place = (resource.type, resource.id, resource.name, resource.region, resource.uid)
        verdict = (words.STATUSES[language][NON_COMPLIANT], _reason(rule, language), moment)
        rows.append((rule.name(language), words.RISKS[language][rule.risk], *place, *verdict))
    return rows


def _judged(state: State, wanted: str) -> Iterator[tuple[Rule, Resource]]:
    for rule in state.rules:
        for resource, status in state.evaluations(rule):
            if status == wanted:
                yield rule, resource


def annotation(rule: Rule, language: str) -> str:
    """Return why a rule fails, as the JSON text that evaluations carry."""
    parts = {
        "configuration": rule.actual,
        "desiredValue": rule.desired,
        "operator": rule.operator,
        "property": rule.property,
        "reason": _reason(rule, language),
    }
    return json.dumps(parts, ensure_ascii=False)


def _reason(rule: Rule, language: str) -> str:
    return words.REASON[language].format(
        property=rule.property, actual=rule.actual, operator=rule.operator, desired=rule.desired
    )


def _split(sheets: Sheets, sheet_rows: int) -> Sheets:
    """Continue a sheet that is too long on a second one of the same name with `(2)`, and so on."""
    for name, rows in sheets:
        head, body = rows[:1], rows[1:]
        yield name, head + body[: sheet_rows - 1]
        for part, start in enumerate(range(sheet_rows - 1, len(body), sheet_rows - 1), start=2):
            yield f"{name}({part})", head + body[start : start + sheet_rows - 1]


def _xls(sheets: Sheets) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets:
        sheet = book.add_sheet(name)
        for index, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(index, column, value)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _xlsx(sheets: Sheets, created_at: datetime) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    target = BytesIO()
    book.save(target)
    return _timeless(target.getvalue(), created_at)


def _timeless(content: bytes, created_at: datetime) -> bytes:
    """Put the report's own time for the clock's, which openpyxl writes, so that the same state is the same bytes."""
    target = BytesIO()
    stamp = f"{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    with ZipFile(BytesIO(content)) as source, ZipFile(target, "w", ZIP_DEFLATED) as copy:
        for member in source.namelist():
            data = source.read(member)
            if member == "docProps/core.xml":
                for tag in (b"created", b"modified"):
                    start = data.index(b'W3CDTF">', data.index(b"<dcterms:" + tag)) + 8
                    data = data[:start] + stamp + data[data.index(b"<", start) :]
            info = ZipInfo(member, created_at.astimezone(UTC).timetuple()[:6])
            info.compress_type = ZIP_DEFLATED
            copy.writestr(info, data)
    return target.getvalue()
