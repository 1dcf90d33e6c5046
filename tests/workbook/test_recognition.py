"""Columns, sheets, statuses and risks are recognised in four languages."""

from pathlib import Path

import pytest

from dashboard.workbook import StatusCode
from dashboard.workbook.status_codes import parse_risk, parse_status
from dashboard.workbook.vocabulary import find_column_meaning, find_sheet_role
from tests import sample_files
from tests.workbook.in_process import list_evaluations, read_bytes

# Words that a source shows: the console, the documentation, files.
SEEN = {
    "rule_name": [
        "规则名称",
        "規則名稱",
        "Rule Name",
        "Audit Rule Name",
        "ルール名",
        "审计规则名称",
    ],
    "rule_id": ["规则ID", "規則ID", "Rule ID", "ConfigRuleId", "ルールID"],
    "identifier": ["规则标识", "托管规则标识", "Managed Rule Identifier"],
    "description": ["规则描述", "备注", "Description", "備考"],
    "risk": ["风险等级", "風險等級", "Risk Level", "リスクレベル"],
    "resource_id": ["资源ID", "資源ID", "Resource ID", "リソースID", "资源 Id"],
    "resource_name": ["资源名称", "Resource Name", "リソース名"],
    "resource_type": ["资源类型", "資源類型", "Resource Type", "リソースタイプ"],
    "region": ["地域", "地域ID", "Region ID", "リージョン"],
    "account_id": ["账号ID", "资源归属账号", "Owner ID", "帳號ID", "アカウントID", "UID"],
    "status": ["合规结果", "合规评估结果", "Compliance Status", "Result", "評估結果"],
    "reason": [
        "不合规原因",
        "Reason for Non-Compliance",
        "注解",
        "非準拠の理由",
        "Reason for Non-compliance (JSON)",
    ],
    "actual": ["当前配置", "实际配置", "Configuration"],
    "expected": ["期望配置", "Desired Value", "期待値"],
    "remediation": [
        "修正建议",
        "修正指导",
        "Link to Remediation Suggestion",
        "Remediation Suggestions",
    ],
    "evaluated_at": ["评估时间", "最近一次评估", "Evaluation Time", "評価時刻"],
    "compliant": [
        "合规资源数",
        "Number of Compliant Resources",
        "Compliant Resources",
        "準拠リソース数",
    ],
    "non_compliant": ["不合规资源数", "Non-Compliant Resources", "不合規資源數"],
    "ignored": ["已忽略", "Excluded", "已排除"],
    "": ["成本中心", "Tags", "资源合规率", "Non-Compliant Rules", "Compliant Rate", ""],
}


@pytest.mark.parametrize(
    ("meaning", "word"), [(meaning, word) for meaning, words in SEEN.items() for word in words]
)
def test_a_column_is_known_by_its_word(meaning: str, word: str) -> None:
    assert find_column_meaning(word).meaning == meaning
    assert find_column_meaning(f" {word.upper()}: ").meaning == meaning


@pytest.mark.parametrize(
    ("role", "names"),
    {
        "overview": ["检测概览", "Overview", "概要", "評估概覽"],
        "rules": ["规则列表", "Rule List", "ルール一覧"],
        "non_compliant": [
            "不合规资源",
            "不合规资源(2)",
            "不合规资源_3",
            "Non-Compliant Resources 2",
            "非準拠リソース",
        ],
        "compliant": ["合规资源", "Compliant Resources", "合规资源 (2)"],
        "ignored": ["忽略资源", "排除资源", "Excluded Resources"],
        "": ["Sheet1", "附录", "资源"],
    }.items(),
)
def test_a_sheet_is_known_by_its_name(role: str, names: list[str]) -> None:
    assert [find_sheet_role(name)[0] for name in names] == [role] * len(names)


@pytest.mark.parametrize(
    ("status", "words"),
    {
        StatusCode.COMPLIANT: ["合规", "合規", "Compliant", "COMPLIANT", "準拠"],
        StatusCode.NON_COMPLIANT: [
            "不合规",
            "不合規",
            "Non-compliant",
            "NON_COMPLIANT",
            "Incompliant",
            "Noncompliant",
            "非準拠",
        ],
        StatusCode.NOT_APPLICABLE: [
            "不适用",
            "不適用",
            "Not Applicable",
            "N/A",
            "該当なし",
            "適用外",
        ],
        StatusCode.INSUFFICIENT_DATA: [
            "无数据",
            "数据不足",
            "無資料",
            "Insufficient Data",
            "No Data",
            "データ不足",
        ],
        StatusCode.IGNORED: ["已忽略", "忽略", "排除", "Ignored", "Excluded", "除外", "無視"],
        None: ["", "也许"],
    }.items(),
)
def test_a_status_in_any_language_is_one_code(status: StatusCode | None, words: list[str]) -> None:
    assert [parse_status(word) for word in words] == [status] * len(words)


@pytest.mark.parametrize(
    ("risk", "words"),
    {
        1: ["高风险", "高", "高風險", "High", "High Risk", "1", "Critical"],
        2: ["中风险", "中", "中風險", "Medium", "2", "Warning"],
        3: ["低风险", "低", "Low", "3", "Info"],
        0: ["", "未知"],
    }.items(),
)
def test_a_risk_in_any_language_is_one_code(risk: int, words: list[str]) -> None:
    assert [parse_risk(word) for word in words] == [risk] * len(words)


HEAD = ("规则ID", "资源ID", "合规结果")
ROW = ("cr-1", "i-1", "不合规")


def test_a_header_is_found_wherever_it_stands(tmp_path: Path) -> None:
    above = [("合规包检测报告",), (), ("生成时间", "2026-11-20"), ()] * 6
    with read_bytes(sample_files.build_xls({"甲": [*above, HEAD, ROW]}), tmp_path) as stored:
        assert stored.contents.sheets[0].header_row == 24
        assert list_evaluations(stored)[0].row == 25


def test_a_merged_head_of_two_rows_is_understood(tmp_path: Path) -> None:
    merged = [
        ("检测规则", None, "资源", None, None, "合规结果"),
        ("规则ID", "规则名称", "ID", "名称", "类型", None),
        ("cr-1", "甲规则", "i-1", "web", "ACS::ECS::Instance", "不合规"),
    ]
    with read_bytes(sample_files.build_xls({"甲": merged}), tmp_path) as stored:
        assert stored.contents.sheets[0].header_row == 1
        row = list_evaluations(stored)[0]
        assert (row.resource_id, row.resource_name, row.row) == ("i-1", "web", 2)
        assert (row.group.resource_type, row.group.status) == ("ACS::ECS::Instance", 1)


def test_a_sheet_split_in_two_goes_on_under_its_own_head(tmp_path: Path) -> None:
    sheets = {
        "不合规资源": [HEAD[:2], ("cr-1", "i-1")],
        "不合规资源(2)": [HEAD[:2], ("cr-1", "i-2")],
    }
    with read_bytes(sample_files.build_xls(sheets), tmp_path) as stored:
        assert [row.group.status for row in list_evaluations(stored)] == [1, 1]


def test_a_sheet_that_goes_on_without_a_head_takes_that_of_the_one_before(tmp_path: Path) -> None:
    sheets = {
        "不合规资源": [HEAD[:2], ("cr-1", "i-1")],
        "不合规资源2": [("cr-1", "i-2"), ("cr-1", "i-3")],
    }
    with read_bytes(sample_files.build_xls(sheets), tmp_path) as stored:
        assert sorted(row.resource_id for row in list_evaluations(stored)) == ["i-1", "i-2", "i-3"]
        assert stored.contents.sheets[1].header_row is None


def test_no_status_is_guessed_from_the_head_of_the_reasons(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_csv([("规则名称", "资源ID", "不合规原因"), ("甲", "i-1", "公共读")]),
        tmp_path,
    ) as stored:
        contents = stored.contents
        assert (contents.sheets[0].role, contents.lists, contents.rows) == ("", [], 0)
        codes = [remark.code for remark in contents.remarks]
        assert codes == ["status_missing"]


def test_a_whole_word_goes_before_one_that_begins_alike(tmp_path: Path) -> None:
    head = ("Rule ID", "Rule Name", "Risk Level", "Remediation Options", "Remediation Suggestions")
    with read_bytes(
        sample_files.build_xls({"Rule List": [head, ("cr-1", "A", "High", "none", "do this")]}),
        tmp_path,
    ) as stored:
        assert stored.contents.rules[0].remediation == "do this"


@pytest.mark.parametrize(
    ("language", "head"),
    [
        ("zh-Hans", ("规则名称", "资源ID", "风险等级")),
        ("zh-Hant", ("規則名稱", "資源ID", "風險等級")),
        ("en", ("Rule Name", "Resource ID", "Risk Level")),
        ("ja", ("ルール名", "リソースID", "リスクレベル")),
        ("", ("a", "b", "c")),
    ],
)
def test_the_language_of_a_file_is_that_of_its_heads(
    language: str, head: tuple[str, ...], tmp_path: Path
) -> None:
    with read_bytes(sample_files.build_csv([head, ("1", "2", "3")]), tmp_path) as stored:
        assert stored.contents.language == language


def test_a_sheet_that_says_there_is_none_lists_its_status_all_the_same(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_xls({"不合规资源": [("无",)], "合规资源": [HEAD[:2], ("cr-1", "i-1")]}),
        tmp_path,
    ) as stored:
        assert stored.contents.lists == ["NON_COMPLIANT", "COMPLIANT"]
        assert stored.contents.remarks == []


def test_a_sheet_of_failing_resources_without_a_rule_is_noted_and_lists_nothing(
    tmp_path: Path,
) -> None:
    rows = [("资源ID", "资源名称"), ("i-1", "web"), ("i-2", "db")]
    with read_bytes(sample_files.build_xls({"不合规资源": rows}), tmp_path) as stored:
        assert (stored.contents.rows, stored.contents.lists) == (0, [])
        assert [remark.code for remark in stored.contents.remarks] == ["sheet_unrecognised"]
