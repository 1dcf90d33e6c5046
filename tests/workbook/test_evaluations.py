"""Rows become evaluations, and what does not matter changes none of them."""

import datetime as dt
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dashboard.workbook import StatusCode
from tests import sample_files
from tests.workbook.in_process import collect_states, list_evaluations, list_rows, read_bytes

HEAD = ("规则名称", "规则ID", "资源ID", "合规评估结果", "不合规原因")


def write_table(*rows: tuple[Any, ...], head: tuple[str, ...] = HEAD) -> bytes:
    return sample_files.build_csv([head, *rows])


def test_a_report_gives_its_pack_its_rules_and_their_numbers(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING)),
        tmp_path,
    ) as stored:
        contents = stored.contents
        assert (contents.pack_id, contents.pack_name, contents.account_uid) == (
            sample_files.PACK_ID,
            sample_files.PACK_NAME,
            sample_files.ACCOUNT_UID,
        )
        assert contents.created_at == "2026-11-20T09:14:00+08:00"
        assert contents.stated == {"compliant": 2, "non_compliant": 2}
        assert contents.stated_basis == "resources"
        assert (contents.compliant_resources, contents.failing_resources) == (2, 2)
        assert contents.lists == ["NON_COMPLIANT", "IGNORED", "COMPLIANT"]
        assert (contents.rows, contents.duplicates, contents.language) == (12, 0, "zh-Hans")
        rule = contents.rules[0]
        assert (rule.rule_id, rule.name, rule.risk, rule.by_name) == (*describe_rule(0), False)
        assert rule.counts == {StatusCode.NON_COMPLIANT: 1, StatusCode.COMPLIANT: 3}
        assert rule.stated == {1: 1, 5: 3, 4: 0, 3: 0}
        assert rule.remediation == "https://example.com/fix"


def describe_rule(number: int) -> tuple[str, str, int]:
    rule, names, risk = sample_files.SAMPLE_RULES[number]
    return rule, names["zh"], risk


def test_an_evaluation_carries_what_its_row_says(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING)),
        tmp_path,
    ) as stored:
        failing_rows = [
            row for row in list_evaluations(stored) if row.group.status == StatusCode.NON_COMPLIANT
        ]
        first_row = min(failing_rows, key=lambda row: row.row)
        assert (first_row.resource_id, first_row.resource_name, first_row.group.resource_type) == (
            "backup",
            "bucket backup",
            "ACS::OSS::Bucket",
        )
        assert (first_row.group.account, first_row.group.region, first_row.group.risk) == (
            sample_files.ACCOUNT_UID,
            "cn-hangzhou",
            1,
        )
        assert first_row[6:11] == (
            "public-read",
            "private",
            "StringEquals",
            "",
            "公共读已开启",
        )
        assert stored.read_rows(first_row.sheet, first_row.row, first_row.row + 1)[0][1] == "backup"
        assert stored.contents.rules[first_row.group.rule].rule_id == "cr-public-read"


def test_every_evaluation_is_found_by_its_key_and_in_order(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_xls(sample_files.build_status_sheet(300)), tmp_path
    ) as stored:
        rows = list_rows(stored)
        assert [row.key for row in rows] == sorted({row.key for row in rows})
        assert all(0 < row.key < 2**63 and 0 <= row.digest < 2**63 for row in rows)
        assert all(stored.find_evaluation(row.key) == row for row in rows[::50])
        assert stored.find_evaluation(rows[0].key + 1) is None


def test_a_chinese_and_an_english_file_of_one_state_are_the_same(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING)),
        tmp_path,
    ) as stored:
        chinese = collect_states(stored)
    with read_bytes(
        sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING, "en")),
        tmp_path,
    ) as stored:
        assert stored.contents.language == "en"
        assert collect_states(stored) == chinese


@pytest.mark.parametrize("seed", range(8))
def test_order_of_rows_sheets_and_columns_case_and_spaces_change_nothing(
    seed: int, tmp_path: Path
) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    with read_bytes(sample_files.build_xls(sheets), tmp_path) as stored:
        expected = collect_states(stored)
    chance = random.Random(seed)
    names = chance.sample(list(sheets), len(sheets))
    shuffled = {name: shuffle_sheet(name, sheets[name], chance) for name in names}
    with read_bytes(sample_files.build_xls(shuffled), tmp_path) as stored:
        assert collect_states(stored) == expected


def shuffle_sheet(
    name: str, rows: Sequence[sample_files.SheetRow], chance: random.Random
) -> list[sample_files.SheetRow]:
    """Shuffle the rows and the columns of a sheet; an overview is no table and stays as it is."""
    if name == "检测概览":
        return list(rows)
    head, *body = rows
    chance.shuffle(body)
    columns = chance.sample(range(len(head)), len(head))
    shuffled_head, *shuffled_body = [[row[column] for column in columns] for row in (head, *body)]
    if "资源ID" in shuffled_head:
        id_column = shuffled_head.index("资源ID")
        for row in shuffled_body:
            write_id_carelessly(row, id_column, chance)
    return [shuffled_head, *shuffled_body]


def write_id_carelessly(row: list[Any], column: int, chance: random.Random) -> None:
    """Change the case of the id in this column, and add spaces."""
    change_case = chance.choice((str.upper, str.title, str))
    row[column] = change_case(row[column]) + " " * chance.randint(0, 2)


def test_a_status_column_decides_over_the_name_of_the_sheet(tmp_path: Path) -> None:
    rows = [HEAD, ("甲", "cr-1", "i-1", "合规", ""), ("甲", "cr-1", "i-2", "不合规", "x")]
    with read_bytes(sample_files.build_xls({"不合规资源": rows}), tmp_path) as stored:
        assert {row.resource_id: row.group.status for row in list_evaluations(stored)} == {
            "i-1": 5,
            "i-2": 1,
        }


def test_every_status_has_its_code_in_a_table_with_a_status_column(tmp_path: Path) -> None:
    words = ("不合规", "无数据", "已忽略", "不适用", "合规")
    content = write_table(*(("甲", "cr-1", f"i-{n}", word, "") for n, word in enumerate(words, 1)))
    with read_bytes(content, tmp_path) as stored:
        assert {row.resource_id: row.group.status for row in list_evaluations(stored)} == {
            f"i-{n}": n for n in range(1, 6)
        }
        assert stored.contents.lists == [status.name for status in StatusCode]


def test_a_row_that_names_no_account_belongs_to_the_one_that_is_given(tmp_path: Path) -> None:
    without = write_table(("甲", "cr-1", "i-1", "合规", ""))
    named = write_table(("甲", "cr-1", "i-1", "合规", "", "42"), head=(*HEAD, "账号ID"))
    with read_bytes(without, tmp_path, account="42") as stored:
        expected = list_evaluations(stored)
    with read_bytes(named, tmp_path) as stored:
        assert list_evaluations(stored) == expected
        assert expected[0].group.account == "42"


def test_a_member_of_a_group_belongs_to_the_account_its_name_gives(tmp_path: Path) -> None:
    member = sample_files.build_xls({"结果": [HEAD, ("甲", "cr-1", "i-1", "合规", "")]})
    with read_bytes(
        sample_files.build_zip({sample_files.FILE_NAME: member}), tmp_path, account="42"
    ) as stored:
        assert list_evaluations(stored)[0].group.account == sample_files.ACCOUNT_UID


def test_reports_of_several_accounts_in_one_zip_add_up(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_account_group_zip(), tmp_path) as stored:
        contents = stored.contents
        assert [member.kind for member in contents.members] == ["xls", "xlsx"]
        assert (contents.rows, contents.duplicates, len(contents.rules)) == (24, 0, 3)
        assert contents.rules[0].stated == {1: 2, 5: 6, 4: 0, 3: 0}
        assert {sheet.member for sheet in contents.sheets} == {0, 1}


def test_duplicate_keys_are_kept_apart_the_same_way_in_any_order(tmp_path: Path) -> None:
    rows = [("甲", "cr-1", "i-1", "不合规", word) for word in ("a", "b", "c")]
    results = []
    for order in (rows, rows[::-1]):
        with read_bytes(write_table(*order), tmp_path) as stored:
            assert (stored.contents.rows, stored.contents.duplicates) == (3, 2)
            assert [remark.code for remark in stored.contents.remarks] == ["duplicate_keys"]
            results.append({(row.key, row.reason) for row in list_evaluations(stored)})
            assert len({row.key >> 58 for row in list_evaluations(stored)}) == 1
    assert results[0] == results[1]


def test_a_rule_without_an_id_goes_by_its_name(tmp_path: Path) -> None:
    with read_bytes(write_table(("甲规则", "", "i-1", "合规", "")), tmp_path) as stored:
        rule = stored.contents.rules[0]
        assert (rule.key, rule.name, rule.by_name) == ("甲规则", "甲规则", True)


@pytest.mark.parametrize("last", [False, True])
def test_a_row_that_gives_only_the_rules_name_finds_the_id_in_the_list(
    last: bool, tmp_path: Path
) -> None:
    rules = ("规则列表", [("规则ID", "规则名称", "风险等级"), ("cr-1", "甲规则", "高风险")])
    failing = ("不合规资源", [("规则名称", "资源ID"), ("甲规则", "i-1")])
    with read_bytes(
        sample_files.build_xls(dict((failing, rules) if last else (rules, failing))), tmp_path
    ) as stored:
        assert [(rule.key, rule.by_name, rule.risk) for rule in stored.contents.rules] == [
            ("cr-1", False, 1)
        ]
        assert list_evaluations(stored)[0].group.risk == 1


def test_rows_without_a_rule_a_resource_or_a_status_are_not_counted_and_remarked(
    tmp_path: Path,
) -> None:
    content = write_table(
        ("甲", "cr-1", "i-1", "合规", ""),
        ("合计", "", "", "", ""),
        ("甲", "cr-1", "i-2", "什么", ""),
        ("甲", "cr-1", "", "合规", ""),
    )
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.rows == 1
        assert [(remark.code, remark.rows) for remark in stored.contents.remarks] == [
            ("rows_total", "3"),
            ("status_unknown", "4"),
            ("rows_skipped", "5"),
        ]


def test_an_id_that_was_stored_as_a_number_keeps_its_digits_and_is_noted(tmp_path: Path) -> None:
    rows = [
        ("规则ID", "资源ID", "合规结果"),
        ("cr-1", 123456789012345678, "合规"),
        ("cr-1", 12345, "合规"),
    ]
    with read_bytes(sample_files.build_xls({"结果": rows}), tmp_path) as stored:
        assert sorted(row.resource_id for row in list_evaluations(stored)) == [
            "12345",
            "123456789012345680",
        ]
        assert [(remark.code, remark.count) for remark in stored.contents.remarks] == [
            ("digits_lost", 1)
        ]


def test_numbers_and_dates_among_the_ids_are_counted_once_each(tmp_path: Path) -> None:
    head = ("规则ID", "资源ID", "地域", "合规结果")
    long = 1234567890123456789
    day = dt.datetime(2026, 11, 20)  # noqa: DTZ001  a spreadsheet knows no zone
    rows = [
        head,
        (long, "i-1", "cn-1", "合规"),
        ("cr-1", "i-2", day, "合规"),
        (long, long, "cn-1", "合规"),
    ]
    with read_bytes(sample_files.build_xls({"结果": rows}), tmp_path) as stored:
        assert sorted(row.group.region for row in list_evaluations(stored)) == [
            "2026-11-20T00:00:00",
            "cn-1",
            "cn-1",
        ]
        assert len(stored.contents.rules) == 2
        assert {(remark.code, remark.count) for remark in stored.contents.remarks} == {
            ("digits_lost", 2),
            ("region_unknown", 1),
        }


def test_an_id_that_is_text_loses_nothing(tmp_path: Path) -> None:
    with read_bytes(
        write_table(("甲", "0012", "123456789012345678", "合规", "")), tmp_path
    ) as stored:
        row = list_evaluations(stored)[0]
        assert (row.resource_id, stored.contents.rules[row.group.rule].rule_id) == (
            "123456789012345678",
            "0012",
        )


def test_the_range_of_evaluation_times_is_given_and_changes_no_digest(tmp_path: Path) -> None:
    head = (*HEAD, "评估时间")
    results = []
    for times in (
        ("2026-11-20 09:14:00", "2026-11-19 23:00:00"),
        ("2026/1/5 7:05", "2026-11-20T01:14:00Z"),
    ):
        rows = [("甲", "cr-1", f"i-{n}", "合规", "", time) for n, time in enumerate(times)]
        with read_bytes(write_table(*rows, head=head), tmp_path) as stored:
            results.append(
                (
                    collect_states(stored),
                    stored.contents.evaluated_from,
                    stored.contents.evaluated_to,
                )
            )
    assert results[0][0] == results[1][0]
    assert results[0][1:] == ("2026-11-19T23:00:00", "2026-11-20T09:14:00")
    assert results[1][1:] == ("2026-01-05T07:05:00", "2026-11-20T01:14:00+00:00")


@pytest.mark.parametrize("change", ["合规", "高", "另一个名字", "另一个原因"])
def test_what_defines_the_state_changes_the_digest_and_not_the_key(
    change: str, tmp_path: Path
) -> None:
    head = (*HEAD, "风险等级", "资源名称")
    before = ["甲", "cr-1", "i-1", "不合规", "原因", "低", "名字"]
    column = {"合规": 3, "高": 5, "另一个名字": 6, "另一个原因": 4}[change]
    evaluations = []
    for row in (before, [*before[:column], change, *before[column + 1 :]]):
        with read_bytes(write_table(tuple(row), head=head), tmp_path) as stored:
            evaluations.append(list_evaluations(stored)[0])
    assert evaluations[0].key == evaluations[1].key
    assert evaluations[0].digest != evaluations[1].digest


def test_rows_beyond_what_is_held_in_memory_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = sample_files.build_csv(sample_files.build_status_sheet(3000)["评估结果"])
    with read_bytes(content, tmp_path) as stored:
        expected = list_evaluations(stored)
    monkeypatch.setattr("dashboard.workbook.evaluations.MAX_ROWS_IN_MEMORY", 600)
    with read_bytes(content, tmp_path) as stored:
        assert list_evaluations(stored) == expected


def test_characters_that_no_database_keeps_are_left_out_of_evaluations(tmp_path: Path) -> None:
    lone = '{"configuration": "\\ud800x\\u0000", "desiredValue": 1, "reason": null}'
    with read_bytes(
        sample_files.build_xls({"甲": [HEAD, ("甲", "cr-1", "i\0-1", "不合规", lone)]}), tmp_path
    ) as stored:
        assert stored.read_rows(0, 1, 2)[0][2] == "i\0-1"
        row = list_evaluations(stored)[0]
        assert (row.resource_id, row.actual, row.expected, row.reason) == ("i-1", "?x", "1", "")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hashes_are_those_that_databases_hold(language: str, tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_xls(
            sample_files.build_report_sheets(sample_files.SOME_FAILING, language)
        ),
        tmp_path,
    ) as stored:
        rows = sorted(list_rows(stored), key=lambda row: (row.sheet, row.row))
        assert [(row.resource_id, row.key, row.digest, row.resource) for row in rows[:3]] == [
            ("backup", 438292387283239050, 4542260598960145822, 2327582044281352014),
            ("backup", 6947257022675276470, 7118545340491566135, 2327582044281352014),
            ("logs", 1666395154701481316, 6782939418716856246, 6270311874969700508),
        ]
        assert (stored.contents.content, stored.contents.failing_resources) == (
            7262301649131983362,
            2,
        )


def test_hashes_of_duplicates_are_those_that_databases_hold(tmp_path: Path) -> None:
    rows = [("甲", "cr-1", "i-1", "不合规", reason) for reason in ("a", "b", "c")]
    with read_bytes(write_table(*rows), tmp_path) as stored:
        assert [(row.reason, row.key, row.digest) for row in list_rows(stored)] == [
            ("c", 8377567878764297326, 4869817012095444099),
            ("b", 8583646829857482185, 5463770208993965313),
            ("a", 8639823894518686658, 6479279710949296173),
        ]
        assert stored.contents.content == 6989567652665611296
