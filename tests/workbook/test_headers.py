"""The header of a sheet: its columns decide what it lists, and a row of data is never a header."""

from pathlib import Path

import pytest

from tests import sample_files
from tests.workbook.in_process import collect_states, list_evaluations, read_bytes
from tests.workbook.six_evaluations import (
    HEADER,
    ROWS,
    SHEET_NAME,
    TABLE,
    check_six_evaluations,
    list_remarks,
)

ENGLISH = ("Rule Name", "Rule ID", "Risk Level", "Resource Type", "Resource ID", "Resource Name",
           "Region", "Account ID", "Compliance Result", "Reason", "Evaluation Time")  # fmt: skip


def rename(column: int, label: str) -> list[tuple[str, ...]]:
    """Return the table of six evaluations with another label above one column."""
    return [(*HEADER[:column], label, *HEADER[column + 1 :]), *ROWS]


@pytest.mark.parametrize("form", ["{0}\n{1}", "{1}\n{0}", "{0}/{1}", "{1}({0})", "{1} {0}",
                                  "{1}（{0}）", "{0} | {1}", "{0}:{1}"])  # fmt: skip
def test_a_header_in_two_languages_is_that_of_one(form: str, tmp_path: Path) -> None:
    labels = [form.format(*words) for words in zip(ENGLISH, HEADER, strict=True)]
    with read_bytes(sample_files.build_xlsx({"Sheet1": [labels, *ROWS]}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


@pytest.mark.parametrize("heads", [(ENGLISH, HEADER), (HEADER, ENGLISH)])
def test_two_rows_in_two_languages_are_one_header(
    heads: tuple[tuple[str, ...], ...], tmp_path: Path
) -> None:
    with read_bytes(sample_files.build_xlsx({"Sheet1": [*heads, *ROWS]}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert (stored.contents.sheets[0].header_row, list_remarks(stored)) == (1, [])


def test_a_row_of_data_with_words_of_status_is_no_header(tmp_path: Path) -> None:
    head = ("规则名称", "资源ID", "合规结果", "上次结果", "上上次结果")
    rows = [
        ("甲", "sg-1", "不合规", "合规", "已忽略"),
        ("甲", "sg-2", "不合规", "不合规", "不适用"),
        ("乙", "sg-3", "合规", "不合规", "合规"),
    ]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: [head, *rows]}), tmp_path) as stored:
        assert stored.contents.sheets[0].header_row == 0
        statuses = {row.resource_id: row.group.status for row in list_evaluations(stored)}
        assert statuses == {"sg-1": 1, "sg-2": 1, "sg-3": 5}
        assert list_remarks(stored) == []


@pytest.mark.parametrize("name", ["规则", "规则列表", "Rules", "检测概览", "Sheet1", "明细"])
def test_columns_decide_before_the_name_of_a_sheet(name: str, tmp_path: Path) -> None:
    with read_bytes(sample_files.build_xlsx({name: TABLE}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert (stored.contents.sheets[0].role, list_remarks(stored)) == ("evaluations", [])


@pytest.mark.parametrize("label", ["状态", "Status", "結果", "合规", "ステータス", "Status/状态"])
def test_values_tell_that_an_uncertain_header_is_the_status(label: str, tmp_path: Path) -> None:
    with read_bytes(sample_files.build_xlsx({"Sheet1": rename(8, label)}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


def test_without_a_known_status_none_is_guessed(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_xlsx({"Sheet1": rename(8, "甲乙")}), tmp_path) as stored:
        assert stored.contents.rows == 0
        assert list_remarks(stored) == [("status_missing", "")]


def test_a_state_of_the_resource_is_not_its_status(tmp_path: Path) -> None:
    table = [(*HEADER[:8], "状态", *HEADER[9:]), *((*r[:8], "Running", *r[9:]) for r in ROWS)]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        assert {row.group.status for row in list_evaluations(stored)} == {1}
        assert list_remarks(stored) == []


@pytest.mark.parametrize(
    ("column", "label"), [(1, "甲乙"), (2, "丙丁"), (4, "戊己"), (6, "庚辛"), (7, "壬癸")]
)
def test_a_column_that_looks_like_an_identity_or_a_risk_is_remarked(
    column: int, label: str, tmp_path: Path
) -> None:
    table = [list(cells) for cells in rename(column, label)]
    for number, cells in enumerate(table[1:]):
        cells[4] = f"sg-bp10000000000{number}"
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        remark = stored.contents.remarks[0]
        assert (remark.code, remark.facts["label"]) == ("column_unknown", label)
        assert remark.facts["column"] == "ABCDEFGHIJK"[column]


@pytest.mark.parametrize("label", ["账号", "主账号ID", "所属账号", "Account", "Owner Account",
                                   "Aliyun UID", "帳號ID", "アカウント", "Owner"])  # fmt: skip
@pytest.mark.parametrize("value", ["{}", "test({})", "{} (test)", "1234 5678 9012 3456"])
def test_an_account_has_many_heads_and_one_id(label: str, value: str, tmp_path: Path) -> None:
    table = [list(cells) for cells in rename(7, label)]
    for cells in table[1:]:
        cells[7] = value.format(cells[7])
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


def test_a_column_of_account_names_is_no_account(tmp_path: Path) -> None:
    table = [(*HEADER[:7], "账号", *HEADER[8:]), *((*r[:7], "生产", *r[8:]) for r in ROWS)]
    content = sample_files.build_xlsx({SHEET_NAME: table})
    with read_bytes(content, tmp_path, account="42") as stored:
        assert {row.group.account for row in list_evaluations(stored)} == {"42"}
        assert stored.contents.sheets[0].recognised[7] == "account_name"


def test_invisible_characters_do_not_count(tmp_path: Path) -> None:
    marks = ("\u200b", "\ufeff", "\u00ad", "\u200e", "\u2060", "\u00a0", "\u3000", "\ufe0f")
    table = [
        [f"{mark}{cell[:1]}{mark}{cell[1:]}{mark}" if cell and mark.strip() else f"{cell}{mark}"
         for cell, mark in zip(cells, (*marks, *marks), strict=False)]
        for cells in TABLE
    ]  # fmt: skip
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: TABLE}), tmp_path) as stored:
        expected = {(row.key, row.group.risk) for row in list_evaluations(stored)}
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert {(row.key, row.group.risk) for row in list_evaluations(stored)} == expected
        assert list_remarks(stored) == []


def test_an_empty_id_is_remarked_with_its_rows(tmp_path: Path) -> None:
    table = [list(cells) for cells in TABLE]
    table[2][4] = table[3][4] = ""
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        assert stored.contents.rows == 6
        assert list_remarks(stored) == [("id_empty", "3-4")]


def test_a_sheet_without_a_column_of_ids_says_so(tmp_path: Path) -> None:
    table = [(*cells[:4], *cells[5:]) for cells in TABLE]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (6, [("id_column_missing", "")])


@pytest.mark.parametrize("region", ["华东1（杭州）", "China (Hangzhou)", "中国 (杭州)", "杭州",
                                    "華東1（杭州）", "CN-HANGZHOU", "华东 1 (杭州)"])  # fmt: skip
def test_a_region_is_its_id_in_every_language(region: str, tmp_path: Path) -> None:
    table = [HEADER, *((*row[:6], region, *row[7:]) for row in ROWS)]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: TABLE}), tmp_path) as stored:
        expected = collect_states(stored)
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        assert collect_states(stored) == expected
        assert stored.read_rows(0, 1, 2)[0][6] == region


def test_a_region_that_is_not_known_stays_as_it_stands(tmp_path: Path) -> None:
    table = [HEADER, *((*row[:6], "火星1（奥林匹斯）", *row[7:]) for row in ROWS)]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        assert {row.group.region for row in list_evaluations(stored)} == {"火星1（奥林匹斯）"}


def test_a_rule_id_is_the_same_in_any_case(tmp_path: Path) -> None:
    table = [HEADER, *((row[0], row[1].upper(), *row[2:]) for row in ROWS)]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        check_six_evaluations(stored)
