"""Six evaluations that many tests write in odd ways: they must be read the same each time."""

from dashboard.workbook import StatusCode, StoredForm, parse_moment
from tests.workbook.in_process import list_evaluations

ACCOUNT = "1234567890123456"
HEADER = (
    "规则名称",
    "规则ID",
    "风险等级",
    "资源类型",
    "资源ID",
    "资源名称",
    "地域",
    "账号ID",
    "合规结果",
    "不合规原因",
    "评估时间",
)
_RULES = {
    "a": ("安全组不放通全部网段", "cr-aaaa00000001", "高风险", "ACS::ECS::SecurityGroup"),
    "b": ("存储空间不公共读", "cr-bbbb00000002", "中风险", "ACS::OSS::Bucket"),
    "c": ("磁盘已加密", "cr-cccc00000003", "低风险", "ACS::ECS::Disk"),
}
_RESOURCES = (
    ("a", "sg-0001", "不合规"),
    ("a", "sg-0002", "不合规"),
    ("a", "sg-0003", "不合规"),
    ("b", "bucket-a", "不合规"),
    ("b", "bucket-b", "合规"),
    ("c", "d-0001", "不合规"),
)
ROWS: list[tuple[str, ...]] = [
    (
        *_RULES[rule],
        resource,
        f"名称{number}",
        "cn-hangzhou",
        ACCOUNT,
        status,
        f"原因{number}" if status == "不合规" else "",
        f"2026-10-01 09:0{number}:00",
    )
    for number, (rule, resource, status) in enumerate(_RESOURCES)
]
TABLE: list[tuple[str, ...]] = [HEADER, *ROWS]
SHEET_NAME = "不合规资源"

_EXPECTED = [
    (rule, resource, StatusCode.NON_COMPLIANT if status == "不合规" else StatusCode.COMPLIANT)
    for rule, resource, status in sorted(_RESOURCES)
]
_RULE_BY_ID = {texts[1]: rule for rule, texts in _RULES.items()}
_RISK_BY_RULE = {"a": 1, "b": 2, "c": 3}


def replace_cell(row: int, column: int, value: str) -> list[tuple[str, ...]]:
    """Return the table with another text in one cell; both numbers count from 0."""
    table = [list(cells) for cells in TABLE]
    table[row][column] = value
    return [tuple(cells) for cells in table]


def check_six_evaluations(stored: StoredForm) -> None:
    """Assert that these are the six evaluations, with their rules, risks, statuses and times."""
    evaluations = list_evaluations(stored)
    rules = stored.contents.rules
    read = sorted(
        (_RULE_BY_ID[rules[row.group.rule].rule_id], row.resource_id, row.group.status)
        for row in evaluations
    )
    assert read == _EXPECTED
    assert all(
        row.group.risk == _RISK_BY_RULE[_RULE_BY_ID[rules[row.group.rule].rule_id]]
        and row.group.account == ACCOUNT
        and row.group.region == "cn-hangzhou"
        for row in evaluations
    )
    contents = stored.contents
    assert parse_moment(contents.evaluated_from) == parse_moment("2026-10-01T09:00:00+08:00")
    assert parse_moment(contents.evaluated_to) == parse_moment("2026-10-01T09:05:00+08:00")


def list_remarks(stored: StoredForm) -> list[tuple[str, str]]:
    """Return the code and the rows of each remark."""
    return [(remark.code, remark.rows) for remark in stored.contents.remarks]
