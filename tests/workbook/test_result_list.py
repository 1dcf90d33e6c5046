"""The values of evaluation results are read however the cloud writes them, and damage is named."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.workbook import Limits, StatusCode, StoredForm, WorkbookError
from dashboard.workbook.limits import MIB
from dashboard.workbook.result_list import read_answers
from tests import result_lists, sample_files
from tests.workbook.in_process import list_evaluations, read_bytes

FILE = sample_files.build_csv([("规则ID", "资源类型", "资源ID", "合规评估结果")])
RECORDED_MS = result_lists.RECORDED_MS


def read_results(folder: Path, results: bytes, limits: Limits | None = None) -> StoredForm:
    """Return the stored form of a file without rows and of this list."""
    account = sample_files.ACCOUNT_UID
    return read_bytes(FILE, folder, account=account, results=results, limits=limits)


def read_one(folder: Path, row: Any) -> Any:
    """Return the evaluation of the only row of a list, and its remarks."""
    with read_results(folder, result_lists.build_list([row])) as stored:
        evaluations = list_evaluations(stored)
        remarks = [(remark.code, remark.facts.get("places")) for remark in stored.contents.remarks]
        return (evaluations[0] if evaluations else None), remarks


@pytest.mark.parametrize("status", ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "IGNORED"])
def test_each_status_of_the_cloud_is_known(status: str, tmp_path: Path) -> None:
    evaluation, remarks = read_one(tmp_path, result_lists.build_result("cr-logged", "logs", status))
    assert StatusCode(evaluation.group.status).name == status
    assert remarks == []


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: json.dumps(text)[1:-1],
        json.loads,
    ],
)
def test_an_annotation_is_read_however_often_it_is_escaped(
    write: Callable[[str], Any], tmp_path: Path
) -> None:
    annotation = write(sample_files.build_reason())
    evaluation, _remarks = read_one(
        tmp_path, result_lists.build_result("cr-logged", "logs", Annotation=annotation)
    )
    assert evaluation[6:11] == ("public-read", "private", "StringEquals", "", "公共读已开启")


def test_an_annotation_in_plain_words_is_the_reason(tmp_path: Path) -> None:
    row = result_lists.build_result("cr-logged", "logs", Annotation="日志没有开启")
    evaluation, _remarks = read_one(tmp_path, row)
    assert evaluation[6:11] == ("", "", "", "", "日志没有开启")


def test_numbers_may_be_texts_and_fields_may_be_missing(tmp_path: Path) -> None:
    row = result_lists.build_result(
        "cr-logged",
        "logs",
        RiskLevel="2",
        ResultRecordedTimestamp=str(RECORDED_MS),
        ResourceOwnerId=str(sample_files.ACCOUNT_UID),
        LastNonCompliantRecordTimestamp=float(RECORDED_MS),
    )
    evaluation, remarks = read_one(tmp_path, row)
    assert evaluation.group.risk == 2
    assert evaluation.evaluated_at_ms == evaluation.failing_since_ms == RECORDED_MS
    del row["RiskLevel"], row["ResultRecordedTimestamp"], row["Annotation"]
    del row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceOwnerId"]
    evaluation, more_remarks = read_one(tmp_path, row)
    assert (evaluation.group.risk, evaluation.evaluated_at_ms) == (0, 0)
    assert evaluation.group.account == sample_files.ACCOUNT_UID
    assert remarks + more_remarks == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ResultRecordedTimestamp": -5}, {"evaluated_at_ms": 0}),
        ({"ResultRecordedTimestamp": 10**30}, {"evaluated_at_ms": 0}),
        ({"ResultRecordedTimestamp": "9" * 5_000}, {"evaluated_at_ms": 0}),
        ({"LastCompliantFixedTimestamp": [1]}, {"fixed_at_ms": 0}),
        ({"IgnoreDate": {"a": 1}}, {"exempt_until": ""}),
        ({"IgnoreDate": "x" * 500}, {"exempt_until": "x" * 32}),
        ({"ResourceGroupId": True}, {"resource_group": ""}),
        ({"ResourceName": ["a"]}, {"resource_name": ""}),
        ({"Annotation": "长" * 40_000}, {"reason": "长" * 32_767}),
    ],
)
def test_a_value_that_is_not_understood_is_left_out_and_remarked(
    changes: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    row = result_lists.build_result("cr-logged", "logs", **changes)
    evaluation, remarks = read_one(tmp_path, row)
    assert {name: getattr(evaluation, name) for name in expected} == expected
    assert remarks == [("results_values_unread", "1:1")]


@pytest.mark.parametrize(
    "row",
    [
        None,
        "text",
        [],
        {},
        {"EvaluationResultIdentifier": []},
        {"EvaluationResultIdentifier": {"EvaluationResultQualifier": "x"}},
        result_lists.build_result("", "logs", ConfigRuleName=""),
        result_lists.build_result("cr-logged", "", ResourceName=""),
        result_lists.build_result("cr-logged", "logs", ComplianceType=None),
    ],
)
def test_a_row_that_cannot_be_counted_is_remarked_with_its_answer_and_row(
    row: Any, tmp_path: Path
) -> None:
    good_rows = [result_lists.build_result("cr-logged", f"b-{number}") for number in range(3)]
    results = result_lists.build_list([*good_rows, row], rows_per_answer=3)
    with read_results(tmp_path, results) as stored:
        assert len(list_evaluations(stored)) == 3
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.count) == ("results_rows_skipped", 1)
        assert remark.facts == {"places": "2:1"}
        assert remark.is_uncounted
        assert stored.contents.results
        assert (stored.contents.results.rows, stored.contents.results.skipped) == (4, 1)


def test_rows_with_unknown_statuses_are_remarked_by_word(tmp_path: Path) -> None:
    rows = [
        result_lists.build_result("cr-logged", f"b-{number}", ComplianceType=f"WORD_{number % 25}")
        for number in range(100)
    ]
    with read_results(tmp_path, result_lists.build_list(rows, 10)) as stored:
        remarks = stored.contents.remarks
        assert {remark.code for remark in remarks} == {"results_status_unknown"}
        assert (len(remarks), sum(remark.count for remark in remarks)) == (21, 100)
        assert remarks[0].facts == {"places": "1:1, 3:6, 6:1, 8:6", "word": "WORD_0"}


def test_characters_that_databases_refuse_are_replaced(tmp_path: Path) -> None:
    name, reason = "half \ud800 pair\0", "also \udfff"
    row = result_lists.build_result("cr-logged", "logs", ResourceName=name, Annotation=reason)
    answer = {"EvaluationResults": {"EvaluationResultList": [row]}}
    for ensure_ascii in (True, False):
        text = json.dumps(answer, ensure_ascii=ensure_ascii)
        with read_results(tmp_path, result_lists.join_answers([text])) as stored:
            (evaluation,) = list_evaluations(stored)
            for value in (evaluation.resource_name, evaluation.reason):
                assert value.encode()
                assert "\0" not in value


def test_numbers_that_no_float_can_hold_are_left_out(tmp_path: Path) -> None:
    row = result_lists.build_result("cr-logged", "logs")
    answer = json.dumps({"EvaluationResults": {"EvaluationResultList": [row]}})
    huge = answer.replace(str(RECORDED_MS), "9" * 5_000)
    with read_results(tmp_path, result_lists.join_answers([huge])) as stored:
        assert [row.evaluated_at_ms for row in list_evaluations(stored)] == [0]
        assert [remark.code for remark in stored.contents.remarks] == ["results_values_unread"]


GOOD = result_lists.build_list([result_lists.build_result("cr-logged", "logs")])
DEEP = '{"a":' * 2_000 + "1" + "}" * 2_000
BROKEN_LISTS = {
    "no gzip": (b"{}", "corrupt"),
    "cut": (GOOD[:-20], "truncated"),
    "damaged": (GOOD[:40] + b"\xff\xff\xff" + GOOD[43:], "corrupt"),
    "rubbish behind it": (GOOD + b"rubbish", "corrupt"),
    "no JSON": (result_lists.join_answers(["{"]), "corrupt"),
    "a cut line": (result_lists.join_answers(['{"EvaluationResults":']), "corrupt"),
    "deep JSON": (result_lists.join_answers([DEEP]), "corrupt"),
    "a number": (result_lists.join_answers(["9" * 5_000]), "corrupt"),
    "a list": (result_lists.join_answers(["[]"]), "corrupt"),
    "no results": (result_lists.join_answers(["{}"]), "corrupt"),
    "results of another shape": (
        result_lists.join_answers(['{"EvaluationResults": []}']),
        "corrupt",
    ),
    "rows of another shape": (
        result_lists.join_answers(['{"EvaluationResults": {"EvaluationResultList": {}}}']),
        "corrupt",
    ),
    "a long line": (gzip.compress(b" " * (17 * MIB)), "too_large"),
}


@pytest.mark.parametrize("name", BROKEN_LISTS)
def test_a_list_that_cannot_be_read_raises_one_error_that_names_it(
    name: str, tmp_path: Path
) -> None:
    content, code = BROKEN_LISTS[name]
    with pytest.raises(WorkbookError) as caught:
        read_results(tmp_path, content)
    assert (caught.value.code, caught.value.facts["part"]) == (code, "evaluation results")


@pytest.mark.parametrize(
    ("limits", "code"), [(Limits(result_rows=5), "too_large"), (Limits(uncompressed=500), "bomb")]
)
def test_a_list_beyond_a_limit_is_refused(limits: Limits, code: str, tmp_path: Path) -> None:
    rows = [result_lists.build_result("cr-logged", f"b-{number}") for number in range(6)]
    with pytest.raises(WorkbookError) as caught:
        read_results(tmp_path, result_lists.build_list(rows, 2), limits)
    assert caught.value.code == code


def test_a_list_of_packed_zeros_is_refused_without_unpacking_it(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"\0" * (256 * MIB), 1))
    with pytest.raises(WorkbookError, match="too_large"):
        list(read_answers(path, Limits()))


def test_empty_answers_and_lines_are_no_rows(tmp_path: Path) -> None:
    answers = ["", '{"EvaluationResults": {}}', '{"EvaluationResults": {"NextToken": "a"}}']
    with read_results(tmp_path, result_lists.join_answers(answers)) as stored:
        assert stored.contents.results
        assert (stored.contents.results.answers, stored.contents.results.rows) == (2, 0)
        assert stored.contents.rows == 0


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values),
    max_leaves=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_stands_in_a_field_the_row_is_counted_or_remarked(
    data: st.DataObject, tmp_path: Path
) -> None:
    good_row = result_lists.build_result("cr-logged", "logs", IgnoreDate="2027-01-01")
    qualifier = good_row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    name = data.draw(st.sampled_from([*good_row, *qualifier]))
    changes: dict[str, Any] = {name: data.draw(JSON_VALUES)}
    row = result_lists.build_result("cr-logged", "logs", **changes)
    with read_results(tmp_path, result_lists.build_list([row])) as stored:
        assert stored.contents.results
        assert len(list_evaluations(stored)) + stored.contents.results.skipped == 1
