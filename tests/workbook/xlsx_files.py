"""Build .xlsx files part by part, so that a test can spoil any of them.

The file holds six evaluations of three rules: five failing ones and a compliant one.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from dashboard.workbook import Contents, StatusCode, StoredForm
from tests.sample_files import build_zip

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
WORKBOOK_PART = "xl/workbook.xml"
WORKBOOK_RELATIONSHIPS = "xl/_rels/workbook.xml.rels"
STYLES_PART = "xl/styles.xml"
STRINGS_PART = "xl/sharedStrings.xml"
OVERVIEW_PART, ROWS_PART = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"

HEADS = ("规则ID", "规则名称", "风险等级", "合规状态", "资源ID", "资源名称", "原因", "检测时间")
SIX_ROWS: Sequence[tuple[Any, ...]] = (
    HEADS,
    ("cr-aaaa00000001", "甲", "高风险", "不合规", "sg-1", "a", "22", "2026-10-01 09:00:00"),
    ("cr-aaaa00000001", "甲", "高风险", "不合规", "sg-2", "b", "22", "2026-10-01 09:01:00"),
    ("cr-aaaa00000001", "甲", "高风险", "不合规", "sg-3", "c", "22", "2026-10-01 09:02:00"),
    ("cr-bbbb00000002", "乙", "中风险", "不合规", "oss-1", "d", "read", "2026-10-01 09:03:00"),
    ("cr-bbbb00000002", "乙", "中风险", "合规", "oss-2", "e", "", "2026-10-01 09:04:00"),
    ("cr-cccc00000003", "丙", "低风险", "不合规", "d-1", "f", "off", "2026-10-01 09:05:00"),
)
EVALUATED = ("2026-10-01T09:00:00", "2026-10-01T09:05:00")
Parts = dict[str, str]


def build_parts(
    rows: Sequence[Sequence[Any]] = SIX_ROWS, *, name: str = "检测结果", time_format: int = 0
) -> Parts:
    """Return the parts of a workbook with an overview and these rows.

    Numbers in the last column have the built-in number format `time_format`.
    """
    strings: list[str] = []
    overview = [("合规包名称", "示例"), ("报告生成时间", "2026-10-01 09:30:00")]
    parts = {
        "[Content_Types].xml": '<Types xmlns="x"/>',
        "_rels/.rels": build_relationships(
            {"rId1": (f"{RELATIONSHIPS}/officeDocument", "xl/workbook.xml")}
        ),
        WORKBOOK_PART: build_workbook({"检测概览": "rId1", name: "rId2"}),
        WORKBOOK_RELATIONSHIPS: build_relationships(
            {
                "rId1": (f"{RELATIONSHIPS}/worksheet", "worksheets/sheet1.xml"),
                "rId2": (f"{RELATIONSHIPS}/worksheet", "/xl/worksheets/sheet2.xml"),
                "rId3": (f"{RELATIONSHIPS}/styles", "styles.xml"),
                "rId4": (f"{RELATIONSHIPS}/sharedStrings", "sharedStrings.xml"),
            }
        ),
        OVERVIEW_PART: build_sheet(overview, strings),
        ROWS_PART: build_sheet(rows, strings),
        STYLES_PART: build_styles(time_format),
    }
    items = "".join(f"<si><t>{escape(string)}</t></si>" for string in strings)
    return parts | {STRINGS_PART: f'<sst xmlns="{MAIN}">{items}</sst>'}


def build_workbook(id_of_sheet: Mapping[str, str], properties: str = "") -> str:
    """Return a workbook part; `id_of_sheet` gives the relationship of each sheet."""
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="{key}"/>'
        for number, (name, key) in enumerate(id_of_sheet.items(), 1)
    )
    return (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}">'
        f"<workbookPr {properties}/><sheets>{sheets}</sheets></workbook>"
    )


def build_relationships(target_of_id: Mapping[str, tuple[str, str]]) -> str:
    """Return a relationships part; each id has a type and a target."""
    items = "".join(
        f'<Relationship Id="{key}" Type="{kind}" Target="{target}"/>'
        for key, (kind, target) in target_of_id.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{items}</Relationships>'


def build_styles(number_format: int, text: str = "") -> str:
    """Return styles: cell format 0 is general, cell format 1 has this number format."""
    custom = (
        f'<numFmt numFmtId="{number_format}" formatCode="{escape(text, {chr(34): "&quot;"})}"/>'
    )
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{custom if text else ""}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{number_format}"/></cellXfs></styleSheet>'
    )


def build_sheet(rows: Sequence[Sequence[Any]], strings: list[str]) -> str:
    """Return a sheet part; texts are added to `strings`, numbers have cell format 1."""
    data = ""
    for number, row in enumerate(rows, 1):
        cells = ""
        for column, value in enumerate(row):
            reference = f"{chr(ord('A') + column)}{number}"
            if isinstance(value, str):
                cells += f'<c r="{reference}" t="s"><v>{len(strings)}</v></c>'
                strings.append(value)
            elif value is not None:
                cells += f'<c r="{reference}" s="1"><v>{value}</v></c>'
        data += f'<row r="{number}">{cells}</row>'
    return f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'


def build_rows_sheet(row_elements: str, before: str = "", after: str = "") -> str:
    """Return a sheet part with these `<row>` elements, and elements before and after them."""
    return (
        f'<worksheet xmlns="{MAIN}">{before}<sheetData>{row_elements}</sheetData>'
        f"{after}</worksheet>"
    )


def build_file(parts: Mapping[str, str]) -> bytes:
    return build_zip({name: part.encode() for name, part in parts.items()})


def replace_once(parts: Parts, name: str, old: str, new: str) -> None:
    """Replace a text of a part; fail if it does not occur exactly once."""
    assert parts[name].count(old) == 1, parts[name].count(old)
    parts[name] = parts[name].replace(old, new)


def count_statuses(contents: Contents) -> dict[str, int]:
    """Return the number of evaluations by status."""
    counts: dict[str, int] = {}
    for rule in contents.rules:
        for status, count in rule.counts.items():
            name = StatusCode(status).name
            counts[name] = counts.get(name, 0) + count
    return counts


def list_remarks(stored: StoredForm) -> list[tuple[str, int | None, str, dict[str, Any]]]:
    """Return the code, sheet, rows and facts of each remark."""
    return [
        (remark.code, remark.sheet, remark.rows, remark.facts) for remark in stored.contents.remarks
    ]


def assert_six_evaluations(stored: StoredForm) -> None:
    """Fail unless the file gives the six evaluations, their risks and their times."""
    contents = stored.contents
    assert contents.rows == 6
    assert [(rule.rule_id, rule.risk, sum(rule.counts.values())) for rule in contents.rules] == [
        ("cr-aaaa00000001", 1, 3),
        ("cr-bbbb00000002", 2, 2),
        ("cr-cccc00000003", 3, 1),
    ]
    assert count_statuses(contents) == {"NON_COMPLIANT": 5, "COMPLIANT": 1}
    assert (contents.evaluated_from, contents.evaluated_to) == EVALUATED
    assert contents.created_at == "2026-10-01T09:30:00"
