"""The recognised layer: rows become evaluations, and what does not matter changes none of them."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from dashboard.workbook import Status
from dashboard.workbook.evaluations import annotation
from tests import files
from tests.workbook.reader import evaluations, read, rows, states

HEAD = ("规则名称", "规则ID", "资源ID", "合规评估结果", "不合规原因")


def table(*listed: tuple[Any, ...], head: tuple[str, ...] = HEAD) -> bytes:
    return files.csv([head, *listed])


def test_a_report_gives_its_pack_its_rules_and_their_numbers(tmp_path: Path) -> None:
    with read(files.xls(files.report(files.F1)), tmp_path) as reading:
        found = reading.contents
        assert (found.pack_id, found.pack_name, found.account_uid) == (
            files.PACK_ID,
            files.PACK_NAME,
            files.ACCOUNT,
        )
        assert found.created_at == "2026-11-20T09:14:00+08:00"
        assert found.stated == {"compliant": 8, "non_compliant": 3}
        assert found.lists == ["NON_COMPLIANT", "IGNORED", "COMPLIANT"]
        assert (found.rows, found.duplicates, found.language) == (12, 0, "zh-Hans")
        first = found.rules[0]
        assert (first.rule_id, first.name, first.risk, first.by_name) == (*_rule(0), False)
        assert first.counts == {Status.NON_COMPLIANT: 1, Status.COMPLIANT: 3}
        assert first.stated == {1: 1, 5: 3, 4: 0, 3: 0}
        assert first.remediation == "https://example.com/fix"


def _rule(number: int) -> tuple[str, str, int]:
    rule, names, risk = files.RULES[number]
    return rule, names["zh"], risk


def test_an_evaluation_carries_what_its_row_says(tmp_path: Path) -> None:
    with read(files.xls(files.report(files.F1)), tmp_path) as reading:
        failing = [row for row in evaluations(reading) if row.group.status == Status.NON_COMPLIANT]
        row = min(failing, key=lambda one: one.row)
        assert (row.resource_id, row.resource_name, row.group.resource_type) == (
            "backup",
            "bucket backup",
            "ACS::OSS::Bucket",
        )
        assert (row.group.account, row.group.region, row.group.risk) == (
            files.ACCOUNT,
            "cn-hangzhou",
            1,
        )
        assert (row.actual, row.expected, row.reason) == ("public-read", "private", "公共读已开启")
        assert reading.rows(row.sheet, row.row, row.row + 1)[0][1] == "backup"
        assert reading.contents.rules[row.group.rule].rule_id == "cr-public-read"


def test_every_evaluation_is_found_by_its_key_and_in_order(tmp_path: Path) -> None:
    with read(files.xls(files.rows(300)), tmp_path) as reading:
        found = rows(reading)
        assert [row.key for row in found] == sorted({row.key for row in found})
        assert all(0 < row.key < 2**63 and 0 <= row.digest < 2**63 for row in found)
        assert all(reading.find(row.key) == row for row in found[::50])
        assert reading.find(found[0].key + 1) is None


def test_a_chinese_and_an_english_file_of_one_state_are_the_same(tmp_path: Path) -> None:
    with read(files.xls(files.report(files.F1)), tmp_path) as reading:
        chinese = states(reading)
    with read(files.xls(files.report(files.F1, "en")), tmp_path) as reading:
        assert reading.contents.language == "en"
        assert states(reading) == chinese


@pytest.mark.parametrize("seed", range(8))
def test_order_of_rows_sheets_and_columns_case_and_spaces_change_nothing(
    seed: int, tmp_path: Path
) -> None:
    sheets = files.report(files.F1)
    with read(files.xls(sheets), tmp_path) as reading:
        expected = states(reading)
    chance = random.Random(seed)
    shuffled = {}
    for name in chance.sample(list(sheets), len(sheets)):
        head, *body = sheets[name]
        columns = (
            chance.sample(range(len(head)), len(head)) if name != "检测概览" else range(len(head))
        )
        chance.shuffle(body if name != "检测概览" else [])
        listed = (
            [head, *body]
            if name == "检测概览"
            else [[row[at] for at in columns] for row in (head, *body)]
        )
        place = list(listed[0]).index("资源ID") if "资源ID" in listed[0] else None
        if place is not None:
            listed = [listed[0], *(_careless(list(row), place, chance) for row in listed[1:])]
        shuffled[name] = listed
    with read(files.xls(shuffled), tmp_path) as reading:
        assert states(reading) == expected


def _careless(row: list[Any], place: int, chance: random.Random) -> list[Any]:
    row[place] = chance.choice((str.upper, str.title, str))(row[place]) + " " * chance.randint(0, 2)
    return row


def test_a_status_column_decides_over_the_name_of_the_sheet(tmp_path: Path) -> None:
    listed = [HEAD, ("甲", "cr-1", "i-1", "合规", ""), ("甲", "cr-1", "i-2", "不合规", "x")]
    with read(files.xls({"不合规资源": listed}), tmp_path) as reading:
        assert {row.resource_id: row.group.status for row in evaluations(reading)} == {
            "i-1": 5,
            "i-2": 1,
        }


def test_every_status_has_its_code_in_a_table_with_a_status_column(tmp_path: Path) -> None:
    words = ("不合规", "无数据", "已忽略", "不适用", "合规")
    content = table(*(("甲", "cr-1", f"i-{n}", word, "") for n, word in enumerate(words, 1)))
    with read(content, tmp_path) as reading:
        assert {row.resource_id: row.group.status for row in evaluations(reading)} == {
            f"i-{n}": n for n in range(1, 6)
        }
        assert reading.contents.lists == [status.name for status in Status]


def test_a_row_that_names_no_account_belongs_to_the_one_that_is_given(tmp_path: Path) -> None:
    without = table(("甲", "cr-1", "i-1", "合规", ""))
    named = table(("甲", "cr-1", "i-1", "合规", "", "42"), head=(*HEAD, "账号ID"))
    with read(without, tmp_path, account="42") as reading:
        given = evaluations(reading)
    with read(named, tmp_path) as reading:
        assert evaluations(reading) == given
        assert given[0].group.account == "42"


def test_a_member_of_a_group_belongs_to_the_account_its_name_gives(tmp_path: Path) -> None:
    member = files.xls({"结果": [HEAD, ("甲", "cr-1", "i-1", "合规", "")]})
    with read(files.zipped({files.FILE_NAME: member}), tmp_path, account="42") as reading:
        assert evaluations(reading)[0].group.account == files.ACCOUNT


def test_reports_of_several_accounts_in_one_zip_add_up(tmp_path: Path) -> None:
    with read(files.group(), tmp_path) as reading:
        found = reading.contents
        assert [member.kind for member in found.members] == ["xls", "xlsx"]
        assert (found.rows, found.duplicates, len(found.rules)) == (24, 0, 3)
        assert found.rules[0].stated == {1: 2, 5: 6, 4: 0, 3: 0}
        assert {sheet.member for sheet in found.sheets} == {0, 1}


def test_duplicate_keys_are_kept_apart_the_same_way_in_any_order(tmp_path: Path) -> None:
    listed = [("甲", "cr-1", "i-1", "不合规", word) for word in ("a", "b", "c")]
    found = []
    for order in (listed, listed[::-1]):
        with read(table(*order), tmp_path) as reading:
            assert (reading.contents.rows, reading.contents.duplicates) == (3, 2)
            assert [note.code for note in reading.contents.notes] == ["duplicate_keys"]
            found.append({(row.key, row.reason) for row in evaluations(reading)})
            assert len({row.key >> 58 for row in evaluations(reading)}) == 1
    assert found[0] == found[1]


def test_a_rule_without_an_id_goes_by_its_name(tmp_path: Path) -> None:
    with read(table(("甲规则", "", "i-1", "合规", "")), tmp_path) as reading:
        rule = reading.contents.rules[0]
        assert (rule.key, rule.name, rule.by_name) == ("甲规则", "甲规则", True)


@pytest.mark.parametrize("last", [False, True])
def test_a_row_that_gives_only_the_rules_name_finds_the_id_in_the_list(
    last: bool, tmp_path: Path
) -> None:
    rules = ("规则列表", [("规则ID", "规则名称", "风险等级"), ("cr-1", "甲规则", "高风险")])
    failing = ("不合规资源", [("规则名称", "资源ID"), ("甲规则", "i-1")])
    with read(files.xls(dict((failing, rules) if last else (rules, failing))), tmp_path) as reading:
        assert [(rule.key, rule.by_name, rule.risk) for rule in reading.contents.rules] == [
            ("cr-1", False, 1)
        ]
        assert evaluations(reading)[0].group.risk == 1


def test_rows_without_a_rule_a_resource_or_a_status_are_counted_as_skipped(tmp_path: Path) -> None:
    content = table(
        ("甲", "cr-1", "i-1", "合规", ""),
        ("合计", "", "", "", ""),
        ("甲", "cr-1", "i-2", "什么", ""),
    )
    with read(content, tmp_path) as reading:
        assert reading.contents.rows == 1
        assert [(note.code, note.facts["rows"]) for note in reading.contents.notes] == [
            ("rows_skipped", 2)
        ]


def test_an_id_that_was_stored_as_a_number_keeps_its_digits_and_is_noted(tmp_path: Path) -> None:
    listed = [
        ("规则ID", "资源ID", "合规结果"),
        ("cr-1", 123456789012345678, "合规"),
        ("cr-1", 12345, "合规"),
    ]
    with read(files.xls({"结果": listed}), tmp_path) as reading:
        assert sorted(row.resource_id for row in evaluations(reading)) == [
            "12345",
            "123456789012345680",
        ]
        assert [(note.code, note.facts["rows"]) for note in reading.contents.notes] == [
            ("digits_lost", 1)
        ]


def test_numbers_and_dates_among_the_ids_are_counted_once_each(tmp_path: Path) -> None:
    head = ("规则ID", "资源ID", "地域", "合规结果")
    long, day = 1234567890123456789, dt.datetime(2026, 11, 20)  # noqa: DTZ001  a spreadsheet knows no zone
    listed = [
        head,
        (long, "i-1", "cn-1", "合规"),
        ("cr-1", "i-2", day, "合规"),
        (long, long, "cn-1", "合规"),
    ]
    with read(files.xls({"结果": listed}), tmp_path) as reading:
        assert sorted(row.group.region for row in evaluations(reading)) == [
            "2026-11-20T00:00:00",
            "cn-1",
            "cn-1",
        ]
        assert len(reading.contents.rules) == 2
        assert [(note.code, note.facts["rows"]) for note in reading.contents.notes] == [
            ("digits_lost", 3)
        ]


def test_an_id_that_is_text_loses_nothing(tmp_path: Path) -> None:
    with read(table(("甲", "0012", "123456789012345678", "合规", "")), tmp_path) as reading:
        row = evaluations(reading)[0]
        assert (row.resource_id, reading.contents.rules[row.group.rule].rule_id) == (
            "123456789012345678",
            "0012",
        )


def test_the_time_of_evaluation_is_told_and_changes_no_digest(tmp_path: Path) -> None:
    head = (*HEAD, "评估时间")
    found = []
    for times in (
        ("2026-11-20 09:14:00", "2026-11-19 23:00:00"),
        ("2026/1/5 7:05", "2026-11-20T01:14:00Z"),
    ):
        rows = [("甲", "cr-1", f"i-{n}", "合规", "", time) for n, time in enumerate(times)]
        with read(table(*rows, head=head), tmp_path) as reading:
            found.append(
                (states(reading), reading.contents.evaluated_from, reading.contents.evaluated_to)
            )
    assert found[0][0] == found[1][0]
    assert found[0][1:] == ("2026-11-19T23:00:00", "2026-11-20T09:14:00")
    assert found[1][1:] == ("2026-01-05T07:05:00", "2026-11-20T01:14:00+00:00")


@pytest.mark.parametrize("change", ["合规", "高", "另一个名字", "另一个原因"])
def test_what_defines_the_state_changes_the_digest_and_not_the_key(
    change: str, tmp_path: Path
) -> None:
    head = (*HEAD, "风险等级", "资源名称")
    before = ["甲", "cr-1", "i-1", "不合规", "原因", "低", "名字"]
    place = {"合规": 3, "高": 5, "另一个名字": 6, "另一个原因": 4}[change]
    found = []
    for row in (before, [*before[:place], change, *before[place + 1 :]]):
        with read(table(tuple(row), head=head), tmp_path) as reading:
            found.append(evaluations(reading)[0])
    assert found[0].key == found[1].key
    assert found[0].digest != found[1].digest


def test_rows_beyond_what_is_held_in_memory_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = files.csv(files.rows(3000)["评估结果"])
    with read(content, tmp_path) as reading:
        expected = evaluations(reading)
    monkeypatch.setattr("dashboard.workbook.evaluations.PENDING", 600)
    with read(content, tmp_path) as reading:
        assert evaluations(reading) == expected


def test_characters_that_no_database_keeps_are_left_out_of_evaluations(tmp_path: Path) -> None:
    lone = '{"configuration": "\\ud800x\\u0000", "desiredValue": 1, "reason": null}'
    with read(
        files.xls({"甲": [HEAD, ("甲", "cr-1", "i\0-1", "不合规", lone)]}), tmp_path
    ) as reading:
        assert reading.rows(0, 1, 2)[0][2] == "i\0-1"
        row = evaluations(reading)[0]
        assert (row.resource_id, row.actual, row.expected, row.reason) == ("i-1", "?x", "1", "")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("公共读", ("", "", "公共读", "公共读")),
        ("{not json", ("", "", "{not json", "{not json")),
        ('{"a": 1}', ("", "", '{"a": 1}', '{"a": 1}')),
        ('{"configuration": "80", "desiredValue": "30", "operator": "Greater", "property": "$.Days"}',
         ("80", "30", "Greater $.Days", "Greater $.Days")),
        ('{"configuration": {"b": 1, "a": 2}, "desiredValue": true, "reason": "why"}',
         ('{"a": 2, "b": 1}', "true", "why", "why")),
    ],
)  # fmt: skip
def test_a_reason_in_the_clouds_json_is_taken_apart(said: str, expected: tuple[str, ...]) -> None:
    assert annotation(said) == expected
