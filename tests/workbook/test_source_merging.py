"""A file and the evaluation results beside it become one set of evaluations."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.workbook import NO_SHEET, SourceCode, StatusCode, StoredForm, placeless_rows
from tests import result_lists, sample_files
from tests.sample_files import SOME_FAILING
from tests.workbook.in_process import collect_states, list_evaluations, read_bytes

ACCOUNT = sample_files.ACCOUNT_UID
DOCUMENTED_FILE = result_lists.build_documented_file(SOME_FAILING)
WHOLE_FILE = sample_files.build_xls(sample_files.build_report_sheets(SOME_FAILING))
HEAD = ("规则ID", "资源类型", "资源ID", "合规评估结果", "地域")
ROW = ("cr-logged", "ACS::OSS::Bucket", "logs", "不合规", "cn-hangzhou")


def read_both(folder: Path, content: bytes, rows: list[Any], per_answer: int = 100) -> StoredForm:
    """Return the stored form of a file and of a list of these rows."""
    results = result_lists.build_list(rows, per_answer)
    return read_bytes(content, folder, account=ACCOUNT, results=results)


def list_sources(stored: StoredForm) -> set[tuple[str, int, int, int]]:
    """Return resource, status, status in the results and source of each evaluation."""
    return {
        (row.resource_id, row.group.status, row.results_status, row.source)
        for row in list_evaluations(stored)
    }


def test_rows_of_both_sources_are_one_evaluation_with_what_the_results_add(tmp_path: Path) -> None:
    rows = result_lists.build_results(SOME_FAILING, LastCompliantFixedTimestamp=1_760_000_000_000)
    with read_both(tmp_path, DOCUMENTED_FILE, rows) as stored:
        failing_rows = [
            row for row in list_evaluations(stored) if row.group.status == StatusCode.NON_COMPLIANT
        ]
        assert len(failing_rows) == 3
        assert {row.source for row in failing_rows} == {SourceCode.BOTH}
        row = min(failing_rows, key=lambda row: row.row)
        assert row.group[1:6] == (1, 1, ACCOUNT, "cn-hangzhou", "ACS::OSS::Bucket")
        assert row[12:21] == (
            *(1, SourceCode.BOTH, 0),
            result_lists.FAILING_SINCE_MS,
            result_lists.FIXED_AT_MS,
            "",
            result_lists.RESOURCE_GROUP,
            result_lists.RECORDED_MS,
            "ScheduledNotification",
        )
        assert stored.read_rows(row.sheet, row.row, row.row + 1)[0][1] == row.resource_id


def test_rows_of_the_results_alone_are_evaluations_without_a_place_in_the_file(
    tmp_path: Path,
) -> None:
    rows = result_lists.build_results(SOME_FAILING, IgnoreDate="2027-01-01")
    with read_both(tmp_path, DOCUMENTED_FILE, rows) as stored:
        ignored = next(row for row in list_evaluations(stored) if row.group.status == 3)
        assert (ignored.source, ignored.sheet) == (SourceCode.RESULTS, NO_SHEET)
        assert ignored.exempt_until == "2027-01-01"
        assert stored.contents.lists == [status.name for status in StatusCode]
        assert stored.contents.rows == 12
        assert (stored.contents.failing_resources, stored.contents.compliant_resources) == (2, 2)
        assert stored.contents.evaluated_to is None  # the file states none
        summary = stored.contents.results
        assert summary
        assert (summary.both, summary.only_file, summary.only_results) == (3, 0, 9)
        assert summary.counts == {1: 3, 3: 1, 5: 8}
        assert [remark.code for remark in stored.contents.remarks] == []


def test_a_row_of_the_file_alone_keeps_its_digest(tmp_path: Path) -> None:
    table = sample_files.build_csv([HEAD, ROW])
    with read_bytes(table, tmp_path, account=ACCOUNT) as stored:
        expected = collect_states(stored)
    with read_both(tmp_path, table, []) as stored:
        assert collect_states(stored) == expected
        assert list_sources(stored) == {("logs", 1, 0, SourceCode.FILE)}


def test_sources_that_disagree_are_counted_as_the_file_has_it_and_named(tmp_path: Path) -> None:
    head = (*HEAD, "评估时间")
    table = sample_files.build_csv([head, (*ROW, "2026-10-01 09:00:00")])
    rows = [result_lists.build_result("cr-logged", "logs", "COMPLIANT")]
    with read_both(tmp_path, table, rows) as stored:
        assert list_sources(stored) == {("logs", 1, 5, SourceCode.BOTH)}
        summary = stored.contents.results
        assert summary
        assert summary.disagreements == 1
        (disagreement,) = summary.disagreement_rows
        assert stored.find_evaluation(disagreement.key)
        assert (disagreement.file_status, disagreement.results_status) == (1, 5)
        assert disagreement.file_evaluated_ms == 1_790_816_400_000
        assert disagreement.results_evaluated_ms == result_lists.RECORDED_MS


@pytest.mark.parametrize(
    ("file_row", "changes"),
    [
        (("cr-logged", "ACS::OSS::Bucket", "LOGS", "不合规", "华东1（杭州）"), {}),
        (("CR-LOGGED", "acs::oss::bucket", "logs", "不合规", ""), {}),
        (("cr-logged", "", "logs", "不合规", "cn-hangzhou"), {}),
        (("cr-logged", "对象存储", "logs", "不合规", "某地域"), {}),
        (ROW, {"ResourceOwnerId": None}),
        (ROW, {"ResourceOwnerId": ACCOUNT, "RiskLevel": "3"}),
        (ROW, {"RegionId": "华东1（杭州）", "ResourceId": " logs "}),
    ],
)
def test_rows_match_however_the_sources_write_place_and_ids(
    file_row: tuple[str, ...], changes: dict[str, Any], tmp_path: Path
) -> None:
    rows = [result_lists.build_result("cr-logged", "logs", **changes)]
    with read_both(tmp_path, sample_files.build_csv([HEAD, file_row]), rows) as stored:
        (row,) = list_evaluations(stored)
        assert (row.source, row.group.account) == (SourceCode.BOTH, ACCOUNT)
        assert row.group.region == "cn-hangzhou"


def test_a_row_without_a_place_matches_none_of_several_results_nor_another_place(
    tmp_path: Path,
) -> None:
    table = sample_files.build_csv([HEAD, ("cr-logged", "", "logs", "不合规", "cn-beijing")])
    other_place = [result_lists.build_result("cr-logged", "logs")]
    with read_both(tmp_path, table, other_place) as stored:
        assert {row.source for row in list_evaluations(stored)} == {1, 2}
    placeless_table = sample_files.build_csv([HEAD, ("cr-logged", "", "logs", "不合规", "")])
    results = [
        result_lists.build_result("cr-logged", "logs", RegionId=region)
        for region in ("cn-beijing", "cn-shanghai")
    ]
    with read_both(tmp_path, placeless_table, results) as stored:
        assert sorted(row.source for row in list_evaluations(stored)) == [1, 2, 2]


@pytest.mark.parametrize("rows_in_memory", [1, 16_000])
def test_a_word_for_a_type_stands_for_the_type_of_the_rows_that_match_a_single_result(
    tmp_path: Path, rows_in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placeless_rows, "MAXIMUM_ROWS_IN_MEMORY", rows_in_memory)
    buckets = ("logs", "photos", "web")
    table = [HEAD, *(("cr-logged", "对象存储", bucket, "不合规", "") for bucket in buckets)]
    results = [result_lists.build_result("cr-logged", bucket) for bucket in buckets]
    results.append(result_lists.build_result("cr-logged", "web", ResourceType="ACS::ECS::Disk"))
    with read_both(tmp_path, sample_files.build_csv(table), results) as stored:
        sources = {
            (row.resource_id, row.group.resource_type.startswith("ACS::ECS"), row.source)
            for row in list_evaluations(stored)
        }
    both, only_results = SourceCode.BOTH, SourceCode.RESULTS
    assert sources == {(bucket, False, both) for bucket in buckets} | {("web", True, only_results)}
    del table[1:3]  # no row tells what the word stands for
    with read_both(tmp_path, sample_files.build_csv(table), results) as stored:
        assert sorted(row.source for row in list_evaluations(stored)) == [1, 2, 2, 2, 2]


def test_a_row_that_states_a_part_of_its_place_matches_the_only_result_there(
    tmp_path: Path,
) -> None:
    table = sample_files.build_csv([HEAD, ("cr-logged", "", "logs", "不合规", "cn-beijing")])
    results = [
        result_lists.build_result("cr-logged", "logs", RegionId=region)
        for region in ("cn-beijing", "cn-shanghai")
    ]
    with read_both(tmp_path, table, results) as stored:
        sources = {(row.group.region, row.source) for row in list_evaluations(stored)}
    assert sources == {("cn-beijing", SourceCode.BOTH), ("cn-shanghai", SourceCode.RESULTS)}


def test_a_file_without_rule_ids_takes_them_from_the_results_and_keeps_its_keys(
    tmp_path: Path,
) -> None:
    _rule, names, _risk = sample_files.SAMPLE_RULES[2]
    table = sample_files.build_csv([("规则名称", *HEAD[1:]), (names["zh"], *ROW[1:])])
    results = [
        result_lists.build_result("cr-logged", "logs"),
        result_lists.build_result("cr-encrypted", "photos", "COMPLIANT"),
    ]
    with read_both(tmp_path, table, results) as stored:
        assert list_sources(stored) == {
            ("logs", 1, 0, SourceCode.BOTH),
            ("photos", 5, 0, SourceCode.RESULTS),
        }
        rules = {rule.rule_id: rule for rule in stored.contents.rules}
        assert rules["cr-logged"].risk == 3
        assert all(rule.by_name and rule.key == rule.name.lower() for rule in rules.values())
        key = next(row.key for row in list_evaluations(stored) if row.resource_id == "logs")
        assert not stored.contents.remarks
    with read_bytes(table, tmp_path, account=ACCOUNT) as stored:
        assert [row.key for row in list_evaluations(stored)] == [key]


def test_a_cell_without_a_rule_id_among_others_finds_it_in_the_results_by_name(
    tmp_path: Path,
) -> None:
    _rule, names, _risk = sample_files.SAMPLE_RULES[2]
    table = sample_files.build_csv([("规则ID", "规则名称", *HEAD[1:]), ("", names["zh"], *ROW[1:])])
    with read_both(tmp_path, table, [result_lists.build_result("cr-logged", "logs")]) as stored:
        (rule,) = stored.contents.rules
        assert (rule.key, rule.by_name, rule.risk) == ("cr-logged", False, 3)


def test_a_rule_that_only_the_file_names_is_remarked_if_it_has_no_id(tmp_path: Path) -> None:
    table = sample_files.build_csv([("规则名称", *HEAD[1:]), ("别的名称", *ROW[1:])])
    with read_both(tmp_path, table, [result_lists.build_result("cr-logged", "logs")]) as stored:
        assert {row.source for row in list_evaluations(stored)} == {1, 2}
        assert [remark.code for remark in stored.contents.remarks] == ["results_rules_unmatched"]


def test_the_results_fill_the_gaps_of_the_finding_and_of_the_risk(tmp_path: Path) -> None:
    head, row = (*HEAD, "不合规原因"), (*ROW, "没有开启日志")
    rows = [result_lists.build_result("cr-logged", "logs")]
    with read_both(tmp_path, sample_files.build_csv([head, row]), rows) as stored:
        (evaluation,) = list_evaluations(stored)
        finding = ("public-read", "private", "StringEquals", "", "没有开启日志")
        assert evaluation[6:11] == finding
        assert evaluation.group.risk == 3


def test_a_finding_that_contradicts_the_files_fills_nothing(tmp_path: Path) -> None:
    head, row = (*HEAD, "当前配置"), (*ROW, "private")
    rows = [result_lists.build_result("cr-logged", "logs")]
    with read_both(tmp_path, sample_files.build_csv([head, row]), rows) as stored:
        (evaluation,) = list_evaluations(stored)
        assert evaluation[6:10] == ("private", "", "", "")


def test_resources_of_several_regions_are_kept_apart_though_the_file_names_none(
    tmp_path: Path,
) -> None:
    results = [
        result_lists.build_result("cr-logged", "key", status, RegionId=region)
        for region, status in (("cn-beijing", "NON_COMPLIANT"), ("cn-shanghai", "COMPLIANT"))
    ]
    table = sample_files.build_csv([HEAD[:4], ("cr-logged", "ACS::OSS::Bucket", "key", "不合规")])
    keys_by_region = []
    for rows in (results, results[::-1]):
        with read_both(tmp_path, table, rows) as stored:
            evaluations = list_evaluations(stored)
            assert {(row.group.region, row.group.status, row.source) for row in evaluations} == {
                ("cn-beijing", 1, SourceCode.BOTH),
                ("cn-shanghai", 5, SourceCode.RESULTS),
            }
            keys_by_region.append({row.group.region: row.key for row in evaluations})
            assert stored.contents.duplicates == 0
    assert keys_by_region[0] == keys_by_region[1]


def test_rows_that_the_list_repeats_count_once_and_the_one_evaluated_last_counts(
    tmp_path: Path,
) -> None:
    earlier, later = result_lists.RECORDED_MS, result_lists.RECORDED_MS + 1
    rows = [
        result_lists.build_result("cr-logged", "logs", "COMPLIANT", ResultRecordedTimestamp=later),
        result_lists.build_result("cr-logged", "logs", ResultRecordedTimestamp=earlier),
        result_lists.build_result("cr-logged", "web", "COMPLIANT"),
        result_lists.build_result("cr-logged", "web", "COMPLIANT"),
    ]
    table = sample_files.build_csv([HEAD])
    for order in (rows, rows[::-1]):
        with read_both(tmp_path, table, order, per_answer=1) as stored:
            assert {(row.resource_id, row.group.status) for row in list_evaluations(stored)} == {
                ("logs", 5),
                ("web", 5),
            }
            summary = stored.contents.results
            assert summary
            assert (summary.rows, summary.repeated, summary.contradicting) == (4, 2, 1)
            assert summary.counts == {5: 2}
            (remark,) = stored.contents.remarks
            assert (remark.code, remark.count, remark.facts) == (
                "results_repeated",
                2,
                {"other": 1},
            )


def test_rows_that_the_file_repeats_stay_and_one_of_them_is_that_of_the_results(
    tmp_path: Path,
) -> None:
    table = sample_files.build_csv([HEAD, ROW, ROW])
    with read_both(tmp_path, table, [result_lists.build_result("cr-logged", "logs")]) as stored:
        assert sorted(row.source for row in list_evaluations(stored)) == [1, 3]
        assert stored.contents.duplicates == 1
        assert stored.contents.rows == 2


def test_a_file_of_which_no_list_is_known_gets_the_keys_of_the_documented_layout(
    tmp_path: Path,
) -> None:
    rows = result_lists.build_results(SOME_FAILING)
    with read_both(tmp_path, DOCUMENTED_FILE, rows) as stored:
        expected = {row.key for row in list_evaluations(stored)}
    overview = {"检测概览": sample_files.build_report_sheets(SOME_FAILING)["检测概览"]}
    with read_both(tmp_path, sample_files.build_xls(overview), rows) as stored:
        assert {row.key for row in list_evaluations(stored)} == expected


@pytest.mark.parametrize("content", [DOCUMENTED_FILE, WHOLE_FILE])
def test_the_evaluations_of_the_file_keep_the_keys_they_have_without_results(
    content: bytes, tmp_path: Path
) -> None:
    with read_bytes(content, tmp_path, account=ACCOUNT) as stored:
        expected = {row.key for row in list_evaluations(stored)}
    rows = result_lists.build_results(SOME_FAILING)
    with read_both(tmp_path, content, rows) as stored:
        keys = {row.key for row in list_evaluations(stored) if row.source == SourceCode.BOTH}
        assert keys == expected
        assert stored.contents.rows == 12


@pytest.mark.parametrize(
    "build_sheets",
    [
        result_lists.build_documented_sheets,
        sample_files.build_report_sheets,
    ],
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    letters=st.lists(st.sampled_from("NCI"), min_size=12, max_size=12),
    seed=st.integers(0, 1000),
    per_answer=st.integers(1, 12),
)
def test_one_state_reads_alike_in_both_languages_with_results_in_any_order(
    build_sheets: Any, letters: list[str], seed: int, per_answer: int, tmp_path: Path
) -> None:
    state = {
        rule[0]: "".join(letters[number * 4 : number * 4 + 4])
        for number, rule in enumerate(sample_files.SAMPLE_RULES)
    }
    rows = result_lists.build_results(state)
    states: list[set[tuple[int, int, int, int]]] = []
    hashes: set[int] = set()
    for language in ("zh", "en"):
        random.Random(seed + len(states)).shuffle(rows)
        content = sample_files.build_xls(build_sheets(state, language))
        with read_both(tmp_path, content, rows, per_answer) as stored:
            states.append(collect_states(stored))
            hashes.add(stored.contents.content)
            sources = {
                row.source
                for row in list_evaluations(stored)
                if row.group.status == StatusCode.NON_COMPLIANT
            }
            assert sources <= {SourceCode.BOTH}
            assert len(states[-1]) == 12
    assert states[0] == states[1]
    assert len(hashes) == 1
