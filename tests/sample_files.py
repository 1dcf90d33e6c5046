"""Small report files of every kind, and writers that turn any sheets into any kind of file."""

import csv
import html
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import xlwt

SheetRow = Sequence[Any]
SheetsByName = Mapping[str, Sequence[SheetRow]]

ACCOUNT_UID = "1000000000000001"
PACK_ID = "cp-0a1b2c3d4e5f"
PACK_NAME = "OSS 合规管理最佳实践"
FILE_NAME = f"{ACCOUNT_UID}-{PACK_ID}-report-202611200914.xls"

# (rule id, names by language, risk)
SAMPLE_RULES = (
    (
        "cr-public-read",
        {"zh": "OSS 存储空间 ACL 不开启公共读", "en": "OSS bucket is not public"},
        1,
    ),
    ("cr-encrypted", {"zh": "OSS 存储空间开启加密", "en": "OSS bucket is encrypted"}, 2),
    ("cr-logged", {"zh": "OSS 存储空间开启日志", "en": "OSS bucket has logging on"}, 3),
)
RISK_TEXTS_BY_LANGUAGE = {
    "zh": ("", "高风险", "中风险", "低风险"),
    "en": ("", "High", "Medium", "Low"),
}
LANGUAGE_TEXTS = {
    "zh": {
        "sheets": ("检测概览", "规则列表", "不合规资源", "合规资源", "排除资源"),
        "overview": (
            "合规包名称",
            "合规包ID",
            "账号ID",
            "报告生成时间",
            "合规资源数",
            "不合规资源数",
        ),
        "rules": (
            "规则ID",
            "规则名称",
            "风险等级",
            "合规资源数",
            "不合规资源数",
            "不适用",
            "已排除",
            "修正建议",
        ),
        "resources": ("资源类型", "资源ID", "资源名称", "审计规则名称", "规则ID", "地域", "账号ID"),
        "reason": "不合规原因",
    },
    "en": {
        "sheets": (
            "Overview",
            "Rule List",
            "Non-Compliant Resources",
            "Compliant Resources",
            "Excluded Resources",
        ),
        "overview": (
            "Compliance Pack",
            "Compliance Pack ID",
            "Account ID",
            "Report Generated At",
            "Compliant Resources",
            "Non-Compliant Resources",
        ),
        "rules": (
            "Rule ID",
            "Rule Name",
            "Risk Level",
            "Compliant Resources",
            "Non-Compliant Resources",
            "Not Applicable",
            "Excluded",
            "Remediation Suggestions",
        ),
        "resources": (
            "Resource Type",
            "Resource ID",
            "Resource Name",
            "Audit Rule Name",
            "Rule ID",
            "Region",
            "Account ID",
        ),
        "reason": "Reason for Non-Compliance",
    },
}
BUCKET_NAMES = ("backup", "logs", "photos", "web")
# The status of each bucket under each rule, in the order of BUCKET_NAMES:
# N is non-compliant, C is compliant, I is ignored (excluded).
ALL_COMPLIANT = {"cr-public-read": "CCCC", "cr-encrypted": "CCCC", "cr-logged": "CCCC"}
SOME_FAILING = {"cr-public-read": "NCCC", "cr-encrypted": "NNCI", "cr-logged": "CCCC"}
# A later state of SOME_FAILING: photos became public, backup became private,
# and web is no longer excluded but fails.
SOME_CHANGED = {"cr-public-read": "CCNC", "cr-encrypted": "NNCN", "cr-logged": "CCCC"}


def build_report_sheets(
    state: Mapping[str, str], language: str = "zh", account: str = ACCOUNT_UID
) -> dict[str, list[SheetRow]]:
    """Return the sheets of a report in the newer layout.

    `state` gives each rule one letter per bucket, as in SOME_FAILING. The overview counts buckets.
    """
    texts: Any = LANGUAGE_TEXTS[language]
    overview, rule_list, *status_sheets = texts["sheets"]
    letters_by_bucket = list(zip(*state.values(), strict=True))
    failing = sum("N" in letters for letters in letters_by_bucket)
    compliant = sum("C" in letters and "N" not in letters for letters in letters_by_bucket)
    values = (
        PACK_NAME,
        PACK_ID,
        account,
        "2026-11-20 09:14:00 (UTC+8)",
        compliant,
        failing,
    )
    sheets: dict[str, list[SheetRow]] = {
        overview: [("合规包检测报告",), (), *zip(texts["overview"], values, strict=True)],
        rule_list: [texts["rules"]],
    }
    for rule, names, risk in SAMPLE_RULES:
        counts = [state[rule].count(letter) for letter in "CN-I"]
        sheets[rule_list].append(
            (
                rule,
                names[language],
                RISK_TEXTS_BY_LANGUAGE[language][risk],
                *counts,
                "https://example.com/fix",
            )
        )
    for name, letter in zip(status_sheets, "NCI", strict=True):
        sheets[name] = _build_status_rows(state, letter, language, account)
    return sheets


def _build_status_rows(
    state: Mapping[str, str], letter: str, language: str, account: str
) -> list[SheetRow]:
    """Return the header and the rows of all resources whose status has this letter."""
    texts: Any = LANGUAGE_TEXTS[language]
    has_reason = letter == "N"
    rows: list[SheetRow] = [
        (*texts["resources"], texts["reason"]) if has_reason else texts["resources"]
    ]
    for rule, names, _risk in SAMPLE_RULES:
        for bucket, status in zip(BUCKET_NAMES, state[rule], strict=True):
            if status != letter:
                continue
            row = (
                "ACS::OSS::Bucket",
                bucket,
                f"bucket {bucket}",
                names[language],
                rule,
                "cn-hangzhou",
                account,
            )
            rows.append((*row, build_reason(language)) if has_reason else row)
    return rows


def build_reason(language: str = "zh") -> str:
    """Return why a resource fails, in the JSON of the cloud."""
    text = {"zh": "公共读已开启", "en": "public read is on"}[language]
    return (
        '{"configuration":"public-read","desiredValue":"private",'
        f'"operator":"StringEquals","reason":"{text}"}}'
    )


def build_status_sheet(count: int, *, failing: int = 10) -> dict[str, list[SheetRow]]:
    """Return one sheet with a status column and `count` rows; one of `failing` rows fails."""
    header = (
        "规则ID",
        "规则名称",
        "风险等级",
        "资源类型",
        "资源ID",
        "资源名称",
        "地域",
        "合规评估结果",
        "不合规原因",
    )
    rows: list[SheetRow] = [header]
    for number in range(count):
        rule, names, risk = SAMPLE_RULES[number % len(SAMPLE_RULES)]
        status = ("不合规", "原因") if number % failing == 0 else ("合规", "")
        rows.append(
            (
                rule,
                names["zh"],
                RISK_TEXTS_BY_LANGUAGE["zh"][risk],
                "ACS::ECS::Instance",
                f"i-{number:08d}",
                f"主机 {number}",
                "cn-beijing",
                *status,
            )
        )
    return {"评估结果": rows}


def build_unknown_parts() -> dict[str, list[SheetRow]]:
    """Return a report with a sheet and a column that the reader does not know."""
    sheets = build_report_sheets(SOME_FAILING)
    header, *rows = sheets["不合规资源"]
    sheets["不合规资源"] = [
        (*header, "成本中心"),
        *((*row, f"CC-{number}") for number, row in enumerate(rows)),
    ]
    sheets["附录"] = [("甲", "乙"), ("一", 2), (None, "丙")]
    return sheets


def build_risky_texts() -> dict[str, list[SheetRow]]:
    """Return a report with resource names that are a formula, a script and an emoji."""
    sheets = build_report_sheets(SOME_FAILING)
    header, *rows = sheets["不合规资源"]
    names = ("=cmd()", "<script>alert(1)</script>", "🔒 数据")
    sheets["不合规资源"] = [
        header,
        *((*row[:2], name, *row[3:]) for row, name in zip(rows, names, strict=True)),
    ]
    return sheets


def build_xls(
    sheets: SheetsByName,
    *,
    hidden: Sequence[str] = (),
    date_1904: bool = False,
    date: str = "yyyy-mm-dd",
) -> bytes:
    """Return a BIFF8 workbook; dates and datetimes get the number format `date`."""
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = date_1904
    date_style = xlwt.easyxf(num_format_str=date)
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        sheet.visibility = int(name in hidden)
        for row_number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    style = [date_style] if hasattr(value, "isoformat") else []
                    sheet.write(row_number, column, value, *style)
    return _save_to_bytes(book)


def build_xlsx(sheets: SheetsByName, *, hidden: Sequence[str] = ()) -> bytes:
    """Return an OOXML workbook."""
    book = openpyxl.Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    return _save_to_bytes(book)


def _save_to_bytes(book: Any) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def build_csv(rows: Sequence[SheetRow], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter).writerows(rows)
    return target.getvalue().encode(encoding)


def build_html(sheets: SheetsByName, encoding: str = "utf-8") -> bytes:
    """Return a page with one captioned table per sheet, as web applications save it as .xls."""
    tables = "".join(
        f"<table><caption>{name}</caption>{''.join(map(_build_html_row, rows))}</table>"
        for name, rows in sheets.items()
    )
    page = f'<html><head><meta charset="{encoding}"></head><body>{tables}</body></html>'
    return page.encode(encoding)


def _build_html_row(row: SheetRow) -> str:
    cells = (f"<td>{html.escape(_format_cell(cell))}</td>" for cell in row)
    return f"<tr>{''.join(cells)}</tr>"


def build_spreadsheetml(sheets: SheetsByName) -> bytes:
    """Return the XML workbook of Excel 2003."""
    worksheets = "".join(
        f'<Worksheet ss:Name="{escape(name)}">'
        f"<Table>{''.join(map(_build_xml_row, rows))}</Table></Worksheet>"
        for name, rows in sheets.items()
    )
    namespace = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        f'<Workbook xmlns="{namespace}" xmlns:ss="{namespace}">{worksheets}</Workbook>'
    ).encode()


def _build_xml_row(row: SheetRow) -> str:
    cells = (
        f'<Cell><Data ss:Type="{"Number" if isinstance(cell, int) else "String"}">'
        f"{escape(_format_cell(cell))}</Data></Cell>"
        for cell in row
    )
    return f"<Row>{''.join(cells)}</Row>"


def _format_cell(cell: Any) -> str:
    return "" if cell is None else str(cell)


def build_zip(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def build_account_group_zip() -> bytes:
    """Return the report of an account group: a zip with the reports of two accounts."""
    other_uid = "1000000000000002"
    other_sheets = build_report_sheets(SOME_CHANGED, "en", other_uid)
    return build_zip(
        {
            FILE_NAME: build_xls(build_report_sheets(SOME_FAILING)),
            FILE_NAME.replace(ACCOUNT_UID, other_uid): build_xlsx(other_sheets),
        }
    )


# Answers that arrive in place of a report file.
OSS_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Code>AccessDenied</Code>\n'
    b"  <Message>Request has expired.</Message>\n"
    b"  <RequestId>5C3D9175B6FC201293AD4890</RequestId>\n"
    b"  <HostId>bucket.example.com</HostId>\n</Error>\n"
)
ERROR_PAGE = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><h1>502</h1></body></html>"
)
