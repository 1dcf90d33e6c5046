"""Write a pack's state as a report file like the cloud's: .xls (BIFF8) or .xlsx.

The layout is the set of sheets and columns. The documentation describes an overview and a list of
the failing resources (layout "documented"). Two other layouts list more: the layout "older" names
also risk, region and account of each failing resource, but no rule ids; the layout "newer" lists
also the rules, the compliant and the excluded resources.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from math import floor
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import openpyxl
import xlwt

from dashboard.sandbox import report_texts as texts
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.annotations import build_annotation_json, build_reason_sentence
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.resources import Resource
from dashboard.sandbox.statuses import (
    COMPLIANT,
    IGNORED,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
)

BEIJING = timezone(timedelta(hours=8))
SHEET_ROWS = 65_536
"""The maximum number of rows in a BIFF8 sheet, header included."""

CellValue = str | int
SheetRows = list[Sequence[CellValue]]
NamedSheets = Iterator[tuple[str, SheetRows]]


def build_report_file_name(pack: SandboxPack, created_at: datetime) -> str:
    """Return the file name that the cloud gives a report.

    The time in the name is Beijing time. The name ends with `.xls` for both file formats.
    """
    return f"{pack.uid}-{pack.id}-report-{created_at.astimezone(BEIJING):%Y%m%d%H%M}.xls"


def build_report_file(
    state: PackState,
    created_at: datetime,
    *,
    language: str | None = None,
    sheet_rows: int = SHEET_ROWS,
) -> bytes:
    """Return the content of the pack's report file.

    `language` ("zh" or "en") replaces the language of the pack. A list with more than `sheet_rows`
    rows continues in further sheets.
    """
    sheets = _build_sheets(state, created_at, language or state.pack.language)
    sheets = _split_long_sheets(sheets, sheet_rows)
    if state.pack.file_format == "xlsx":
        return _write_xlsx(sheets, created_at)
    return _write_xls(sheets)


def build_encrypted_workbook() -> bytes:
    """Return an .xls file that its record FILEPASS marks as encrypted.

    FILEPASS comes after BOF, the first record of the workbook.
    """
    book = xlwt.Workbook()
    book.add_sheet("1")
    stream = book.get_biff_data()
    # A record has 2 bytes for its type, 2 bytes for its size, and then its content.
    bof_end = 4 + int.from_bytes(stream[2:4], "little")
    filepass = b"\x2f\x00\x36\x00" + b"\x01\x00\x01\x00\x01\x00" + bytes(range(48))
    target = BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(target, stream[:bof_end] + filepass + stream[bof_end:])
    return target.getvalue()


def _build_sheets(state: PackState, created_at: datetime, language: str) -> NamedSheets:
    """Yield (name, rows) of each sheet of the pack's layout."""
    names = texts.SHEET_NAMES[language]
    yield names["overview"], _build_overview(state, created_at, language)
    if state.pack.layout == "older":
        yield names[NON_COMPLIANT], _build_older_resource_list(state, created_at, language)
        return
    if state.pack.layout == "documented":
        yield names[NON_COMPLIANT], _build_documented_resource_list(state, language)
        return
    yield names["rules"], _build_rule_list(state, language)
    for status in (NON_COMPLIANT, COMPLIANT, IGNORED):
        yield names[status], _build_resource_list(state, status, language)


def _build_overview(state: PackState, created_at: datetime, language: str) -> SheetRows:
    """Return rows of (label, value) with the facts of the pack, then the table of risks."""
    labels, pack, totals = texts.OVERVIEW_LABELS[language], state.pack, state.resource_totals
    compliance_rate = _format_compliance_rate(totals[COMPLIANT], totals[NON_COMPLIANT])
    failing_rules = [rule for rule in state.rules if state.get_rule_status(rule) == NON_COMPLIANT]
    statuses = (COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA, IGNORED)
    return [
        (labels["title"],),
        (),
        (labels["pack"], pack.name),
        (labels["pack_id"], pack.id),
        (labels["template"], pack.template_id),
        (labels["account"], pack.uid),
        (labels["time"], f"{_format_beijing_time(created_at)} (UTC+8)"),
        (labels["scope"], labels["all_resources"]),
        (labels["rate"], compliance_rate or labels["no_data"]),
        (labels["rules"], len(state.rules)),
        (labels["failing_rules"], len(failing_rules)),
        (labels["resources"], totals.total()),
        *((labels[status], totals[status]) for status in statuses),
        (),
        *_build_risk_table(state, failing_rules, language),
    ]


def _build_risk_table(
    state: PackState, failing_rules: list[ManagedRule], language: str
) -> SheetRows:
    """Return a header and a row per risk: its rules, failing rules and failing evaluations."""
    labels = texts.OVERVIEW_LABELS[language]
    rows: SheetRows = [
        (labels["risk"], labels["rules"], labels["failing_rules"], labels["failing_evaluations"])
    ]
    for risk, risk_name in texts.RISK_NAMES[language].items():
        rules = [rule for rule in state.rules if rule.risk == risk]
        failing_rule_count = sum(rule.risk == risk for rule in failing_rules)
        failing_evaluations = sum(state.rule_counts[rule.id][NON_COMPLIANT] for rule in rules)
        rows.append((risk_name, len(rules), failing_rule_count, failing_evaluations))
    return rows


def _format_compliance_rate(compliant: int, failing: int) -> str:
    """Return the percentage of compliant resources, or an empty string if there are none at all.

    It has at most two decimals and is rounded down, so that 100% means that nothing fails.
    """
    if not compliant + failing:
        return ""
    # floor of hundredths of a percent
    return f"{floor(10_000 * compliant / (compliant + failing)) / 100:g}%"


def _format_beijing_time(time: datetime) -> str:
    return f"{time.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _build_rule_list(state: PackState, language: str) -> SheetRows:
    """Return the rows of the sheet that lists the rules, with the header."""
    pack_created_at = datetime.fromtimestamp(state.pack.created_ms / 1000, UTC)
    rows: SheetRows = [texts.RULE_HEADER[language]]
    for rule in state.rules:
        counts = state.rule_counts[rule.id]
        rows.append(
            (
                rule.id,
                rule.get_name(language),
                texts.RISK_NAMES[language][rule.risk],
                texts.STATUS_NAMES[language][state.get_rule_status(rule)],
                counts[COMPLIANT],
                counts[NON_COMPLIANT],
                counts[NOT_APPLICABLE],
                counts[IGNORED],
                _format_beijing_time(pack_created_at),
                texts.REMEDIATION_SETTINGS[language],
                texts.REMEDIATION_LINK[language].format(identifier=rule.identifier),
            )
        )
    return rows


def _build_documented_resource_list(state: PackState, language: str) -> SheetRows:
    """Return the rows of the failing evaluations with the documented columns."""
    header = texts.RESOURCE_HEADER[language] + texts.REASON_HEADER[language]
    failing = _list_evaluations_with_status(state, NON_COMPLIANT)
    return [
        header,
        *(_build_failing_row(rule, resource, language) for rule, resource in failing),
    ]


def _build_resource_list(state: PackState, status: str, language: str) -> SheetRows:
    """Return the rows of the evaluations with this status, with the header.

    Only non-compliant rows have a reason and a link to a remediation.
    """
    is_failing = status == NON_COMPLIANT
    reason_header = texts.REASON_HEADER[language] if is_failing else ()
    header = texts.RESOURCE_HEADER[language] + reason_header + texts.LOCATION_HEADER[language]
    build_row = _build_failing_row if is_failing else _build_resource_row
    rows: SheetRows = [header]
    for rule, resource in _list_evaluations_with_status(state, status):
        row = build_row(rule, resource, language)
        rows.append((*row, resource.region, resource.uid, resource.tags))
    return rows


def _build_resource_row(
    rule: ManagedRule, resource: Resource, language: str
) -> tuple[CellValue, ...]:
    """Return the resource, and the rule that evaluated it."""
    return (resource.type, resource.id, resource.name, rule.get_name(language), rule.id)


def _build_failing_row(
    rule: ManagedRule, resource: Resource, language: str
) -> tuple[CellValue, ...]:
    """Return the resource, the rule that it fails, why it fails and how to mend it."""
    return (
        *_build_resource_row(rule, resource, language),
        build_annotation_json(rule, language),
        texts.REMEDIATION_LINK[language].format(identifier=rule.identifier),
    )


def _build_older_resource_list(state: PackState, created_at: datetime, language: str) -> SheetRows:
    """Return the rows of the failing evaluations in the older layout, which has no rule ids."""
    rows: SheetRows = [texts.OLDER_LAYOUT_HEADER[language]]
    for rule, resource in _list_evaluations_with_status(state, NON_COMPLIANT):
        rows.append(
            (
                rule.get_name(language),
                texts.RISK_NAMES[language][rule.risk],
                resource.type,
                resource.id,
                resource.name,
                resource.region,
                resource.uid,
                texts.STATUS_NAMES[language][NON_COMPLIANT],
                build_reason_sentence(rule, language),
                _format_beijing_time(created_at),
            )
        )
    return rows


def _list_evaluations_with_status(
    state: PackState, status: str
) -> Iterator[tuple[ManagedRule, Resource]]:
    """Yield (rule, resource) of each evaluation with this status."""
    for rule in state.rules:
        for resource, evaluation_status in state.list_evaluations(rule):
            if evaluation_status == status:
                yield rule, resource


def _split_long_sheets(sheets: NamedSheets, sheet_rows: int) -> NamedSheets:
    """Yield the sheets, with at most `sheet_rows` rows each.

    A longer sheet continues in sheets named `name(2)`, `name(3)` and so on, each with the header.
    """
    rows_per_part = sheet_rows - 1  # without the header
    for name, rows in sheets:
        header, body = rows[:1], rows[1:]
        yield name, header + body[:rows_per_part]
        starts = range(rows_per_part, len(body), rows_per_part)
        for part_number, start in enumerate(starts, start=2):
            yield f"{name}({part_number})", header + body[start : start + rows_per_part]


def _write_xls(sheets: NamedSheets) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets:
        sheet = book.add_sheet(name)
        for row_index, row in enumerate(rows):
            for column_index, value in enumerate(row):
                sheet.write(row_index, column_index, value)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _write_xlsx(sheets: NamedSheets, created_at: datetime) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    target = BytesIO()
    book.save(target)
    return _replace_xlsx_times(target.getvalue(), created_at)


def _replace_xlsx_times(content: bytes, created_at: datetime) -> bytes:
    """Replace each time in the file by `created_at`, so that equal states give equal bytes.

    openpyxl writes the current time into the zip entries and into the document properties.
    """
    created_at = created_at.astimezone(UTC)
    target = BytesIO()
    with ZipFile(BytesIO(content)) as source, ZipFile(target, "w", ZIP_DEFLATED) as copy:
        for member in source.namelist():
            data = source.read(member)
            if member == "docProps/core.xml":
                time = f"{created_at:%Y-%m-%dT%H:%M:%SZ}".encode()
                # <dcterms:created xsi:type="dcterms:W3CDTF">2024-01-01T00:00:00Z</dcterms:created>
                time_mark = b'W3CDTF">'
                for element in (b"created", b"modified"):
                    mark_start = data.index(time_mark, data.index(b"<dcterms:" + element))
                    start = mark_start + len(time_mark)
                    end = data.index(b"<", start)
                    data = data[:start] + time + data[end:]
            info = ZipInfo(member, created_at.timetuple()[:6])  # year to second
            info.compress_type = ZIP_DEFLATED
            copy.writestr(info, data)
    return target.getvalue()
