"""An overview states facts as label and value, and counts in tables: they are not mixed up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dashboard.workbook.overview import read_overview
from tests import sample_files
from tests.workbook.in_process import read_bytes
from tests.workbook.six_evaluations import SHEET_NAME, TABLE, check_six_evaluations, list_remarks

RISKS = [("风险等级", "不合规资源数"), ("高风险", 3), ("中风险", 1), ("低风险", 1)]
FACTS = [("账号ID", "1234567890123456"), ("合规包ID", "cp-a1b2c3d4e5f600000001")]
BY_RISK = {"failing_resources:1": 3, "failing_resources:2": 1, "failing_resources:3": 1}


@pytest.mark.parametrize("table", [RISKS, [*RISKS, ("合计", 5)], [*RISKS, ()]])
def test_a_table_by_risk_is_summed_and_not_read_as_facts(
    table: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    sheets: dict[str, Any] = {"检测概览": [*table, *FACTS], SHEET_NAME: TABLE}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        check_six_evaluations(stored)
        contents = stored.contents
        assert (contents.stated, contents.stated_basis) == ({"non_compliant": 5}, "resources")
        assert contents.stated_tallies == BY_RISK
        assert contents.failing_resources_by_risk == {1: 3, 2: 1, 3: 1}
        assert (contents.account_uid, contents.pack_id) == (FACTS[0][1], FACTS[1][1])
        assert list_remarks(stored) == []


def test_a_sum_over_risks_is_not_stated_where_a_resource_fails_rules_of_two_risks(
    tmp_path: Path,
) -> None:
    table = [list(cells) for cells in TABLE]
    table[6][3], table[6][4] = table[1][3], table[1][4]  # the same resource under another rule
    sheets: dict[str, Any] = {"检测概览": [*RISKS, *FACTS], SHEET_NAME: table}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert (stored.contents.failing_resources, stored.contents.stated) == (4, {})


@pytest.mark.parametrize(
    ("rows", "counts", "tallies"),
    [
        ([("", "高风险", "中风险", "低风险"), ("不合规资源数", 3, 1, 1)], {}, BY_RISK),
        ([("资源类型", "合规资源数", "不合规资源数"), ("ECS", 3, 2), ("OSS", 1, 1)], {}, {}),
        ([("资源类型", "合规资源数", "不合规资源数"), ("ECS", 3, 2), ("合计", 4, 3)],
         {"compliant": 4, "non_compliant": 3}, {}),
        ([("合规资源数", "不合规资源数"), (2, 5)], {"compliant": 2, "non_compliant": 5}, {}),
        ([("合规资源数: 2",), ("不合规资源数：5",)], {"compliant": 2, "non_compliant": 5}, {}),
        ([("合规资源数", None, None, 2, "不合规资源数", None, 5)],
         {"compliant": 2, "non_compliant": 5}, {}),
        ([("不合规资源数", 3, 1, 1)], {}, {}),
        ([("风险等级", "规则数"), ("高", 4), ("低", 1), ("规则数", 5)],
         {}, {"rules:1": 4, "rules:3": 1, "rules": 5}),
        ([("Risk Level", "Non-Compliant Rules"), ("High", 2), ("Total", 2)],
         {}, {"failing_rules:1": 2, "failing_rules": 2}),
    ],
)  # fmt: skip
def test_counts_of_an_overview(
    rows: Sequence[Sequence[Any]], counts: dict[str, int], tallies: dict[str, int]
) -> None:
    overview = read_overview(rows)
    assert (overview.counts, overview.tallies) == (counts, tallies)


def test_what_stands_above_the_only_list_is_its_overview(tmp_path: Path) -> None:
    rows = [*FACTS, ("报告生成时间", "2026-10-01 09:30"), (), *TABLE]
    with read_bytes(sample_files.build_csv(rows), tmp_path) as stored:
        check_six_evaluations(stored)
        assert stored.contents.created_at == "2026-10-01T09:30:00"
        assert (stored.contents.account_uid, stored.contents.pack_id) == (FACTS[0][1], FACTS[1][1])


def test_an_overview_without_a_known_fact_is_remarked(tmp_path: Path) -> None:
    sheets: dict[str, Any] = {"说明": [("甲", "乙"), ("丙", "丁")], SHEET_NAME: TABLE}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert list_remarks(stored) == [("sheet_unrecognised", "")]


@pytest.mark.parametrize("account", ["1.23457E+15", 12345678901234567])
def test_an_account_that_lost_digits_is_none(account: str | int, tmp_path: Path) -> None:
    sheets: dict[str, Any] = {"检测概览": [("账号ID", account), FACTS[1]], SHEET_NAME: TABLE}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert stored.contents.account_uid == ""
        assert list_remarks(stored) == [("digits_lost", "1")]


@pytest.mark.parametrize(
    "labels",
    [
        ("不合规资源数（高风险）", "不合规资源数（中风险）", "不合规资源数（低风险）"),
        ("不合规资源数-高", "不合规资源数-中", "不合规资源数-低"),
        ("Non-Compliant Resources (High)", "Non-Compliant Resources (Medium)",
         "Non-Compliant Resources (Low)"),
    ],
)  # fmt: skip
def test_a_count_of_one_risk_is_not_that_of_the_report(
    labels: Sequence[str], tmp_path: Path
) -> None:
    rows = [*FACTS, *zip(labels, (3, 1, 1), strict=True)]
    sheets: dict[str, Any] = {"检测概览": rows, SHEET_NAME: TABLE}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert stored.contents.stated == {"non_compliant": 5}


def test_the_time_of_the_report_goes_before_that_of_the_pack_in_traditional_chinese() -> None:
    rows = [("建立時間", "2020-03-01"), ("報告產生時間", "2026-10-01 09:30:00")]
    assert read_overview(rows).created_at == "2026-10-01T09:30:00"
