"""Words for risk and status, and numbers that lost digits."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dashboard.workbook.identity_values import has_lost_digits
from dashboard.workbook.status_codes import StatusCode, parse_risk, parse_status
from dashboard.workbook.vocabulary import find_column_meaning, list_uncertain_meanings
from tests import sample_files
from tests.workbook.in_process import list_evaluations, read_bytes
from tests.workbook.six_evaluations import (
    HEADER,
    ROWS,
    SHEET_NAME,
    TABLE,
    check_six_evaluations,
    list_remarks,
    replace_cell,
)


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        (1, "高危 高级 高風險 高风险等级 严重 嚴重 紧急 緊急 重大 致命 極高 高リスク リスク高 深刻 "
            "Critical CRITICAL Severe High/高 高(High) P1 P0 Ⅰ级 一级 1级 Level1 H Urgent 高危险"),
        (2, "中危 中级 中等 中度 中リスク 重要 較大 Medium Moderate Major Warning 警告 注意 P2 Ⅱ级 "
            "二级 2級 Level2 M 中/Medium"),
        (3, "低危 低级 低度 低リスク 轻微 軽微 一般 提示 次要 情報 Low Minor Info Informational P3 "
            "P4 Ⅲ级 三级 3级 Level3 L Notice"),
        (0, "特级 最低级甲 blockerish 未知 高低"),
    ],
)  # fmt: skip
def test_words_for_a_risk(risk: int, words: str) -> None:
    assert {word: parse_risk(word) for word in words.split()} == dict.fromkeys(words.split(), risk)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (StatusCode.COMPLIANT, "通过 合格 符合 Passed PASS OK 適合 合规/Compliant"),
        (
            StatusCode.NON_COMPLIANT,
            "未通过 不通过 违规 違反 不符合 FAIL Failed NG 不合规(Non-compliant)",
        ),
        (StatusCode.IGNORED, "豁免 已豁免 Exempted Waived 免除"),
        (StatusCode.NOT_APPLICABLE, "N/A 不涉及 対象外"),
        (None, "也许 合规不合规 pending"),
    ],
)
def test_words_for_a_status(status: StatusCode | None, words: str) -> None:
    assert {parse_status(word) for word in words.split()} == {status}


def test_an_unknown_risk_is_remarked_with_its_word_and_rows(tmp_path: Path) -> None:
    table = [
        HEADER,
        *((*r[:2], {"高风险": "特级", "中风险": "未知"}.get(r[2], r[2]), *r[3:]) for r in ROWS),
    ]
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.rows, remark.facts) == ("risk_unknown", "2-4", {"word": "特级"})
        assert stored.contents.rows == 6


def test_an_unknown_status_is_not_counted_and_makes_no_rule(tmp_path: Path) -> None:
    table = [list(cells) for cells in TABLE]
    table[6][8] = "待定"
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.rows, remark.facts) == ("status_unknown", "7", {"word": "待定"})
        assert remark.is_uncounted
        assert (stored.contents.rows, len(stored.contents.rules)) == (5, 2)


@pytest.mark.parametrize(
    ("value", "is_lost"),
    [
        (1234567890123456, False),
        (123456789012345, False),
        (1234567890123450, True),
        (2**53, True),
        (12345678901234567890, True),
        (1.5, False),
        (True, False),
        ("1.23457E+15", True),
        ("4.6877e17", True),
        ("4E+17", True),
        ("468771234567890000", True),
        ("1234567890123450", False),
        ("123456789012345678", False),
        ("i-1e15", False),
        ("1e5abc", False),
    ],
)
def test_digits_are_lost_by_form_and_not_by_size(value: str | float, is_lost: bool) -> None:
    assert has_lost_digits(value) is is_lost


def test_a_number_that_is_exact_is_an_account_without_a_remark(tmp_path: Path) -> None:
    table = [HEADER, *((*row[:7], int(row[7]), *row[8:]) for row in ROWS)]
    for content in (
        sample_files.build_xlsx({SHEET_NAME: table}),
        sample_files.build_xls({SHEET_NAME: table}),
    ):
        with read_bytes(content, tmp_path) as stored:
            accounts = {row.group.account for row in list_evaluations(stored)}
            assert (accounts, list_remarks(stored)) == ({"1234567890123456"}, [])


@pytest.mark.parametrize("account", ["", "42"])
def test_ids_in_scientific_notation_are_remarked_and_no_account(
    account: str, tmp_path: Path
) -> None:
    table = [HEADER, *((*row[:7], "1.23457E+15", *row[8:]) for row in ROWS)]
    with read_bytes(sample_files.build_csv(table), tmp_path, account=account) as stored:
        assert {row.group.account for row in list_evaluations(stored)} == {account}
        assert list_remarks(stored) == [("digits_lost", "2-7")]


def test_a_resource_id_in_scientific_notation_is_remarked(tmp_path: Path) -> None:
    table = [list(cells) for cells in TABLE]
    table[2][4], table[5][4] = "4.6877E+17", "4.68771E+17"
    with read_bytes(sample_files.build_csv(table), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (6, [("digits_lost", "3, 6")])


def test_a_row_without_an_account_is_remarked_and_counts_for_that_of_the_file(
    tmp_path: Path,
) -> None:
    table = [list(cells) for cells in TABLE]
    table[3][7] = ""
    content = sample_files.build_csv(table)
    with read_bytes(content, tmp_path, account="1234567890123456") as stored:
        assert {row.group.account for row in list_evaluations(stored)} == {"1234567890123456"}
        assert list_remarks(stored) == [("account_empty", "4")]


def test_a_row_without_an_account_is_remarked_where_the_account_of_the_file_is_not_known(
    tmp_path: Path,
) -> None:
    table = [list(cells) for cells in TABLE]
    table[3][7] = ""
    with read_bytes(sample_files.build_csv(table), tmp_path) as stored:
        assert list_remarks(stored) == [("account_empty", "4")]


def test_numbers_of_employees_are_no_accounts(tmp_path: Path) -> None:
    table = [(*cells[:7], "10086", *cells[8:]) for cells in TABLE]
    table[0] = (*TABLE[0][:7], "用户", *TABLE[0][8:])
    content = sample_files.build_csv(table)
    with read_bytes(content, tmp_path, account="1234567890123456") as stored:
        assert {row.group.account for row in list_evaluations(stored)} == {"1234567890123456"}


def build_table(column: int, values: dict[str, str], header: str = "") -> list[tuple[str, ...]]:
    """Return the table with other values, and another header, in one column."""
    return [
        tuple(
            cell if number != column else (header or cell) if cells is HEADER else values[cell]
            for number, cell in enumerate(cells)
        )
        for cells in TABLE
    ]


@pytest.mark.parametrize(
    ("header", "failing", "compliant"),
    [
        ("是否合规", "否", "是"),
        ("合规与否", "不是", "是"),
        ("Is Compliant?", "No", "Yes"),
        ("合规/Compliant", "N", "Y"),
        ("合规结果", "❌ 不合规", "✅ 合规"),
        ("合规结果", "×", "√"),
        ("Compliance Status", "Noncompliant.", "Compliant."),
    ],
)
def test_yes_and_no_below_a_question_and_signs_beside_words_are_statuses(
    header: str, failing: str, compliant: str, tmp_path: Path
) -> None:
    table = build_table(8, {"不合规": failing, "合规": compliant}, header)
    with read_bytes(sample_files.build_xlsx({"明细": table}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


@pytest.mark.parametrize("word", ["否", "!合规", "❌ 合规", "合规?", "部分合规"])
def test_a_word_that_may_say_the_contrary_is_no_status(word: str, tmp_path: Path) -> None:
    table = build_table(8, {"不合规": "不合规", "合规": word})
    with read_bytes(sample_files.build_xlsx({"明细": table}), tmp_path) as stored:
        assert stored.contents.rows == 5
        assert list_remarks(stored) == [("status_unknown", "6")]


@pytest.mark.parametrize("words", [("⚠高", "⚠中", "⚠低"), ("High🔴", "Medium🟡", "Low🟢")])
def test_signs_beside_a_word_of_risk_do_not_count(words: tuple[str, ...], tmp_path: Path) -> None:
    table = build_table(2, dict(zip(("高风险", "中风险", "低风险"), words, strict=True)))
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == []


@pytest.mark.parametrize("word", ["-", "——", "N/A", "null", "无", "なし", "#N/A"])
def test_a_word_for_no_id_is_no_id(word: str, tmp_path: Path) -> None:
    table = replace_cell(2, 4, word)
    with read_bytes(sample_files.build_csv(table), tmp_path) as stored:
        assert "名称1" in {row.resource_id for row in list_evaluations(stored)}
        assert list_remarks(stored) == [("id_empty", "3")]


def test_a_resource_without_id_and_name_is_skipped_with_a_remark(tmp_path: Path) -> None:
    table = [list(cells) for cells in TABLE]
    table[2][4:6] = ["-", "-"]
    with read_bytes(sample_files.build_csv(table), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (5, [("rows_skipped", "3")])


def test_a_bucket_named_none_is_a_resource(tmp_path: Path) -> None:
    table = [list(cells) for cells in TABLE]
    table[4][4:6] = ["none", "none"]
    with read_bytes(sample_files.build_csv(table), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (6, [])


def test_an_id_that_became_a_date_is_remarked(tmp_path: Path) -> None:
    table: list[list[Any]] = [list(cells) for cells in TABLE]
    table[2][4] = dt.datetime(2026, 3, 1)  # noqa: DTZ001  a spreadsheet knows no zone
    with read_bytes(sample_files.build_xlsx({SHEET_NAME: table}), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (6, [("digits_lost", "3")])


def test_a_row_without_a_rule_id_is_remarked(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_csv(replace_cell(2, 1, "")), tmp_path) as stored:
        assert (stored.contents.rows, list_remarks(stored)) == (6, [("rule_id_empty", "3")])


def test_a_rule_id_in_full_width_is_the_same_id(tmp_path: Path) -> None:
    wide = {row[1]: "".join(chr(ord(letter) + 0xFEE0) for letter in row[1]) for row in ROWS}
    table = build_table(1, wide)
    with read_bytes(sample_files.build_csv(table), tmp_path) as stored:
        check_six_evaluations(stored)


def test_a_region_that_is_not_known_is_remarked(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_csv(replace_cell(2, 6, "火星一区")), tmp_path) as stored:
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.rows, remark.facts) == (
            "region_unknown",
            "3",
            {"word": "火星一区"},
        )


@pytest.mark.parametrize("text", ["cn-newcity", "-", "无", "oss-cn-hangzhou"])
def test_an_id_of_a_region_and_a_dash_are_not_remarked(text: str, tmp_path: Path) -> None:
    with read_bytes(sample_files.build_csv(replace_cell(2, 6, text)), tmp_path) as stored:
        regions = {row.group.region for row in list_evaluations(stored)}
        assert regions <= {"cn-hangzhou", "cn-newcity", ""}
        assert list_remarks(stored) == []


@pytest.mark.parametrize("word", ["判定结果", "所有者アカウント", "合规规则"])
def test_words_that_split_in_two_ways_are_split_at_once(word: str) -> None:
    for number in range(100):
        text = (word * 15)[:57] + f"§{number}"
        assert list_uncertain_meanings(text) == ()
        assert not find_column_meaning(text).is_exact
