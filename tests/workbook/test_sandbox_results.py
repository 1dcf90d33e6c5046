"""The sandbox's reports and evaluation results of one state become one set of evaluations."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.sandbox.accounts import SandboxPack, build_demo_packs
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.report_files import build_report_file
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT
from dashboard.sandbox.wsgi import Sandbox
from dashboard.workbook import SourceCode, StatusCode, StoredForm
from tests.result_lists import join_answers
from tests.sandbox.caller import Caller
from tests.workbook.in_process import collect_states, list_evaluations, read_bytes

CREATED_AT = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
PACKS = build_demo_packs(large_rows=600)
LISTED_STATUSES = {
    "documented": {NON_COMPLIANT},
    "older": {NON_COMPLIANT},
    "newer": {NON_COMPLIANT, COMPLIANT, IGNORED},
}


def start_sandbox(pack: SandboxPack) -> Sandbox:
    return Sandbox(CloudState(packs=(pack,)))


def list_results(sandbox: Sandbox, pack: SandboxPack) -> bytes:
    """Return the pack's evaluation results as they are kept beside a report."""
    caller = Caller(sandbox, sandbox.cloud_state.accounts[pack.uid].credential)
    answers, parameters = [], {"CompliancePackId": pack.id, "MaxResults": "100"}
    while True:
        answer = caller.call("ListConfigRuleEvaluationResults", **parameters)
        answers.append(answer.text)
        token = answer.json()["EvaluationResults"].get("NextToken")
        if not token:
            return join_answers(answers)
        parameters["NextToken"] = token


def count_sources(stored: StoredForm) -> Counter[tuple[str, int]]:
    """Count the evaluations by status and source."""
    return Counter(
        (StatusCode(row.group.status).name, row.source) for row in list_evaluations(stored)
    )


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_file_and_results_of_one_state_agree_in_both_languages(
    pack: SandboxPack, tmp_path: Path
) -> None:
    sandbox = start_sandbox(pack)
    state = sandbox.cloud_state.get_pack_state(pack.id)
    results = list_results(sandbox, pack)
    expected = Counter(
        {
            (status, SourceCode.BOTH if is_in_file else SourceCode.RESULTS): count
            for status, count in state.totals.items()
            for is_in_file in [status in LISTED_STATUSES[pack.layout]]
            if count
        }
    )
    states = []
    # The older layout names the rules in its own language only, and gives no ids.
    for language in ("zh", "en") if pack.layout != "older" else (pack.language,):
        content = build_report_file(state, CREATED_AT, language=language)
        with read_bytes(content, tmp_path, account=pack.uid, results=results) as stored:
            assert count_sources(stored) == expected
            summary = stored.contents.results
            assert summary
            assert (summary.rows, summary.skipped, summary.repeated) == (state.row_count, 0, 0)
            assert (summary.only_file, summary.disagreements) == (0, 0)
            assert [remark.code for remark in stored.contents.remarks] == []
            assert {row.group.account for row in list_evaluations(stored)} == {pack.uid}
            states.append(collect_states(stored))
    assert all(others == states[0] for others in states)


def test_what_the_results_say_of_an_evaluation_is_understood_in_all_its_forms(
    tmp_path: Path,
) -> None:
    [pack] = [pack for pack in PACKS if pack.id == "cp-2b8e47d09a6c4f13b5d7"]
    sandbox = start_sandbox(pack)
    state = sandbox.cloud_state.get_pack_state(pack.id)
    desired_values = {rule.desired for rule in state.rules}
    content = build_report_file(state, CREATED_AT)
    results = list_results(sandbox, pack)
    with read_bytes(content, tmp_path, account=pack.uid, results=results) as stored:
        evaluations = list_evaluations(stored)
        for row in evaluations:
            assert row.evaluated_at_ms
            assert row.trigger
            assert row.group.risk
            assert row.group.region
            if row.group.status in (StatusCode.NON_COMPLIANT, StatusCode.IGNORED):
                assert row.failing_since_ms
                assert row.operator
                assert row.property_path.startswith("$.")
                assert row.expected in desired_values
                assert row.reason.endswith("。")
        assert any(row.exempt_until for row in evaluations)
        assert any(row.resource_group for row in evaluations)


def test_results_that_are_newer_than_the_file_disagree_where_the_status_changed(
    tmp_path: Path,
) -> None:
    [pack] = [pack for pack in PACKS if pack.id == "cp-6f0d62a3b1c94e75a208"]
    sandbox = start_sandbox(pack)
    state = sandbox.cloud_state.get_pack_state(pack.id)
    newer = sandbox.cloud_state.peek_next_state(pack.id)
    sandbox.faults.set("newer-results")
    # The file lists what is compliant, failing or ignored; what is not applicable it does not list.
    statuses = {
        (rule.id, resource.id): status
        for rule in state.rules
        for resource, status in state.list_evaluations(rule)
        if status in LISTED_STATUSES[pack.layout]
    }
    newer_statuses = {
        (rule.id, resource.id): status
        for rule in newer.rules
        for resource, status in newer.list_evaluations(rule)
    }
    changed = [
        key for key in statuses.keys() & newer_statuses if statuses[key] != newer_statuses[key]
    ]
    content = build_report_file(state, CREATED_AT)
    results = list_results(sandbox, pack)
    with read_bytes(content, tmp_path, account=pack.uid, results=results) as stored:
        summary = stored.contents.results
        assert summary
        assert summary.disagreements == len(changed) > 0
        assert summary.only_file == len(statuses.keys() - newer_statuses.keys())
        assert summary.both == len(statuses.keys() & newer_statuses.keys())
