"""Report files of every kind, built small: the fixtures F0 to F8, and ways to write any sheets as any kind of file."""

import csv as csvs
import html as htmls
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import xlwt

Row = Sequence[Any]
Sheets = Mapping[str, Sequence[Row]]

ACCOUNT = "1000000000000001"
PACK_ID = "cp-0a1b2c3d4e5f"
PACK_NAME = "OSS 合规管理最佳实践"
FILE_NAME = f"{ACCOUNT}-{PACK_ID}-report-202611200914.xls"

# (rule id, names by language, risk)
RULES = (
    (
        "cr-public-read",
        {"zh": "OSS 存储空间 ACL 不开启公共读", "en": "OSS bucket is not public"},
        1,
    ),
    ("cr-encrypted", {"zh": "OSS 存储空间开启加密", "en": "OSS bucket is encrypted"}, 2),
    ("cr-logged", {"zh": "OSS 存储空间开启日志", "en": "OSS bucket has logging on"}, 3),
)
RISKS = {"zh": ("", "高风险", "中风险", "低风险"), "en": ("", "High", "Medium", "Low")}
WORDS = {
    "zh": {
        "sheets": ("检测概览", "规则列表", "不合规资源", "合规资源", "排除资源"),
        "overview": ("合规包名称", "合规包ID", "账号ID", "报告生成时间", "合规资源数", "不合规资源数"),
        "rules": ("规则ID", "规则名称", "风险等级", "合规资源数", "不合规资源数", "不适用", "已排除", "修正建议"),
        "resources": ("资源类型", "资源ID", "资源名称", "审计规则名称", "规则ID", "地域", "账号ID"),
        "reason": "不合规原因",
    },
    "en": {
        "sheets": (
            "Overview", "Rule List", "Non-Compliant Resources", "Compliant Resources", "Excluded Resources",
        ),
        "overview": (
            "Compliance Pack", "Compliance Pack ID", "Account ID", "Report Generated At", "Compliant Resources",
            "Non-Compliant Resources",
        ),
        "rules": (
            "Rule ID", "Rule Name", "Risk Level", "Compliant Resources", "Non-Compliant Resources", "Not Applicable",
            "Excluded", "Remediation Suggestions",
        ),
        "resources": (
            "Resource Type", "Resource ID", "Resource Name", "Audit Rule Name", "Rule ID", "Region", "Account ID",
        ),
        "reason": "Reason for Non-Compliance",
    },
}  # fmt: skip
BUCKETS = ("backup", "logs", "photos", "web")
# F1: the statuses of each bucket under each rule, in the order of BUCKETS.
F1 = {"cr-public-read": "NCCC", "cr-encrypted": "NNCI", "cr-logged": "CCCC"}
# F2 = F1, and photos fails publicly, backup was made private, web is no longer excluded but fails.
F2 = {"cr-public-read": "CCNC", "cr-encrypted": "NNCN", "cr-logged": "CCCC"}
F0 = {"cr-public-read": "CCCC", "cr-encrypted": "CCCC", "cr-logged": "CCCC"}


def report(
    state: Mapping[str, str], language: str = "zh", account: str = ACCOUNT
) -> dict[str, list[Row]]:
    """The sheets of a report in the newer layout; `state` gives a letter per bucket: N, C or I (excluded)."""
    words: Any = WORDS[language]
    overview, rules, *listed = words["sheets"]
    letters = "".join(state.values())
    values = (
        PACK_NAME,
        PACK_ID,
        account,
        "2026-11-20 09:14:00 (UTC+8)",
        letters.count("C"),
        letters.count("N"),
    )
    sheets: dict[str, list[Row]] = {
        overview: [("合规包检测报告",), (), *zip(words["overview"], values, strict=True)],
        rules: [words["rules"]],
    }
    for rule, names, risk in RULES:
        counts = [state[rule].count(letter) for letter in "CN-I"]
        sheets[rules].append(
            (rule, names[language], RISKS[language][risk], *counts, "https://example.com/fix")
        )
    for name, letter in zip(listed, "NCI", strict=True):
        sheets[name] = [
            (*words["resources"], words["reason"]) if letter == "N" else words["resources"]
        ]
        for rule, names, _ in RULES:
            for bucket, found in zip(BUCKETS, state[rule], strict=True):
                if found == letter:
                    place = (
                        "ACS::OSS::Bucket",
                        bucket,
                        f"bucket {bucket}",
                        names[language],
                        rule,
                        "cn-hangzhou",
                        account,
                    )
                    sheets[name].append((*place, reason(language)) if letter == "N" else place)
    return sheets


def reason(language: str = "zh") -> str:
    """Why a resource fails, as the cloud's JSON."""
    said = {"zh": "公共读已开启", "en": "public read is on"}[language]
    return f'{{"configuration":"public-read","desiredValue":"private","operator":"StringEquals","reason":"{said}"}}'


def rows(count: int, *, failing: int = 10) -> dict[str, list[Row]]:
    """F3 and larger: one sheet with a status column; one row of `failing` fails."""
    head = (
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
    listed: list[Row] = [head]
    for number in range(count):
        rule, names, risk = RULES[number % len(RULES)]
        status = ("不合规", "原因") if number % failing == 0 else ("合规", "")
        listed.append((rule, names["zh"], RISKS["zh"][risk], "ACS::ECS::Instance", f"i-{number:08d}", f"主机 {number}",
                       "cn-beijing", *status))  # fmt: skip
    return {"评估结果": listed}


def strange() -> dict[str, list[Row]]:
    """F6: a sheet and columns that nobody knows, beside those that are known."""
    known = report(F1)
    listed = known["不合规资源"]
    known["不合规资源"] = [
        (*listed[0], "成本中心"),
        *((*row, f"CC-{at}") for at, row in enumerate(listed[1:])),
    ]
    known["附录"] = [("甲", "乙"), ("一", 2), (None, "丙")]
    return known


def wild() -> dict[str, list[Row]]:
    """F7: text that is a formula, a script or an emoji to whoever is careless."""
    known = report(F1)
    listed = known["不合规资源"]
    names = ("=cmd()", "<script>alert(1)</script>", "🔒 数据")
    known["不合规资源"] = [
        listed[0],
        *((*row[:2], name, *row[3:]) for row, name in zip(listed[1:], names, strict=True)),
    ]
    return known


def xls(
    sheets: Sheets, *, hidden: Sequence[str] = (), date_1904: bool = False, date: str = "yyyy-mm-dd"
) -> bytes:
    """A BIFF8 workbook; dates and datetimes get the number format `date`."""
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = date_1904
    style = xlwt.easyxf(num_format_str=date)
    for name, listed in sheets.items():
        sheet = book.add_sheet(name)
        sheet.visibility = int(name in hidden)
        for at, row in enumerate(listed):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(
                        at, column, value, *([style] if hasattr(value, "isoformat") else [])
                    )
    return _written(book)


def xlsx(sheets: Sheets, *, hidden: Sequence[str] = ()) -> bytes:
    """An OOXML workbook."""
    book = openpyxl.Workbook()
    for name, listed in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in listed:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    return _written(book)


def _written(book: Any) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def csv(listed: Sequence[Row], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Rows as text, in any encoding."""
    target = io.StringIO()
    csvs.writer(target, delimiter=delimiter).writerows(listed)
    return target.getvalue().encode(encoding)


def html(sheets: Sheets, encoding: str = "utf-8") -> bytes:
    """A page with a captioned table per sheet, as web applications write under the name of .xls."""
    tables = "".join(
        f"<table><caption>{name}</caption>{''.join(map(_tr, listed))}</table>"
        for name, listed in sheets.items()
    )
    page = f'<html><head><meta charset="{encoding}"></head><body>{tables}</body></html>'
    return page.encode(encoding)


def _tr(row: Row) -> str:
    return "<tr>" + "".join(f"<td>{htmls.escape(_said(cell))}</td>" for cell in row) + "</tr>"


def spreadsheetml(sheets: Sheets) -> bytes:
    """Excel's XML of 2003."""
    worksheets = "".join(
        f'<Worksheet ss:Name="{escape(name)}"><Table>{"".join(map(_row, listed))}</Table></Worksheet>'
        for name, listed in sheets.items()
    )
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        f'<Workbook xmlns="{space}" xmlns:ss="{space}">{worksheets}</Workbook>'
    ).encode()


def _row(row: Row) -> str:
    cells = (
        f'<Cell><Data ss:Type="{"Number" if isinstance(cell, int) else "String"}">{escape(_said(cell))}</Data></Cell>'
        for cell in row
    )
    return f"<Row>{''.join(cells)}</Row>"


def _said(cell: Any) -> str:
    return "" if cell is None else str(cell)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of files, as an account group's report is (F4)."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def group() -> bytes:
    """F4: two accounts' reports in one zip."""
    other = "1000000000000002"
    return zipped(
        {
            FILE_NAME: xls(report(F1)),
            FILE_NAME.replace(ACCOUNT, other): xlsx(report(F2, "en", other)),
        }
    )


# F5: what comes in place of a file.
OSS_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Code>AccessDenied</Code>\n  <Message>Request has expired.'
    b"</Message>\n  <RequestId>5C3D9175B6FC201293AD4890</RequestId>\n  <HostId>bucket.example.com</HostId>\n</Error>\n"
)
ERROR_PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"
