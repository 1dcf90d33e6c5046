"""The evaluation results of a pack are fetched beside its report, whatever the cloud answers."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from dashboard.archive import originals
from dashboard.generation import page_collector, requests, result_fetching, step_errors
from dashboard.models import Pack, Report, ResultList
from dashboard.sandbox.wsgi import Sandbox
from dashboard.text.error_messages import explain_error
from tests.conftest import RunToEnd
from tests.generation.listing import (
    LIST,
    State,
    advance_to,
    count_calls,
    edit_pages,
    hook_calls,
    list_keys,
    list_sandbox_keys,
    load_list,
    read_pages,
    request_listing,
    take_step,
)

pytestmark = pytest.mark.usefixtures("no_defect")
Outcome = ResultList.Outcome
COUNTS = "GetConfigRuleComplianceByPack"


def test_the_list_is_stored_as_it_came_and_whole(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list, pages = load_list(report), read_pages(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.COMPLETE)
    assert (result_list.error_code, result_list.error_facts) == ("", {})
    keys = list_sandbox_keys(sandbox, cloud_pack)
    assert sorted(list_keys(report)) == sorted(keys)
    assert (result_list.rows, result_list.pages) == (len(keys), len(pages)) == (400, 4)
    assert count_calls(sandbox) == 4
    assert result_list.rule_ids == sorted({rule_id for rule_id, _resource_id in keys})
    assert result_list.ended_at
    assert (result_list.next_token, result_list.parts) == ("", 0)


def test_the_list_keeps_its_request_ids_and_the_times_of_its_first_and_last_row(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list, pages = load_list(report), read_pages(report)
    times = [
        int(row["ResultRecordedTimestamp"])
        for page in pages
        for row in page["EvaluationResultList"]
    ]
    assert (result_list.first_recorded_ms, result_list.last_recorded_ms) == (min(times), max(times))
    assert result_list.first_request_id
    assert result_list.first_request_id != result_list.last_request_id


def test_a_list_that_is_switched_off_for_the_account_is_not_asked_for(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    cloud_pack.account.fetches_results = False
    cloud_pack.account.save()
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.SWITCHED_OFF)
    assert (result_list.original, count_calls(sandbox)) == (None, 0)


@pytest.mark.parametrize("fault", ["forbidden", "no-permission"])
def test_without_the_permission_the_report_is_ready_and_the_action_is_named(
    fault: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set(fault, on=LIST)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.NOT_PERMITTED)
    message = explain_error(result_list.error_code, result_list.error_facts)
    assert f"config:{LIST}" in message.next_step
    assert count_calls(sandbox) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("no-service-role", "CloudConfigServiceRoleNotExisted"),
        ("not-activated", "AccountNotExisted"),
        ("unavailable", "ServiceUnavailable"),
        ("throttling", "Throttling.User"),
        ("reset", "CutOff"),
    ],
)
def test_an_error_that_stays_ends_the_list_and_not_the_run(
    fault: str, code: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set(fault, on=LIST)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, report.error_code, report.failed_attempts) == (State.READY, "", 0)
    assert (result_list.outcome, result_list.error_code) == (Outcome.FAILED, code)
    assert result_list.original is None


@pytest.mark.parametrize("fault", ["unavailable", "throttling", "internal-error", "reset"])
def test_a_temporary_error_on_a_page_delays_the_list_and_loses_no_page(
    fault: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(cloud_pack)
    sandbox.faults.set(fault, on=LIST, times=2)
    take_step(report)
    assert (report.state, report.failed_attempts) == (State.LISTING, 1)
    assert report.next_at > timezone.now()
    run_to_end(report)
    assert load_list(report).outcome == Outcome.COMPLETE
    assert sorted(list_keys(report)) == sorted(list_sandbox_keys(sandbox, cloud_pack))


def test_only_errors_in_succession_end_the_list(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    def fail_before_each_page(call: int) -> None:
        if call % 4:  # three times
            sandbox.faults.set("unavailable", on=LIST, times=1)

    hook_calls(sandbox, fail_before_each_page)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert count_calls(sandbox) == 16 > step_errors.MAX_TEMPORARY_FAILURES + 4
    assert load_list(report).outcome == Outcome.COMPLETE


def test_a_token_that_has_expired_begins_the_list_anew(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("expired-token", times=1, page=3)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (result_list.outcome, result_list.restarts) == (Outcome.COMPLETE, 1)
    assert (result_list.pages, result_list.rows) == (4, 400)
    assert sorted(list_keys(report)) == sorted(list_sandbox_keys(sandbox, cloud_pack))


def test_a_token_that_is_refused_again_and_again_ends_the_list(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("expired-token", page=3)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.FAILED)
    assert result_list.restarts == result_fetching.MAX_RESTARTS
    message = explain_error(result_list.error_code, result_list.error_facts)
    assert message.title == "The list in the cloud could not be continued"
    assert count_calls(sandbox) == 3 * (result_fetching.MAX_RESTARTS + 1)


def test_a_parameter_refused_on_a_later_page_can_only_be_the_token(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    calls = []

    def refuse(result: dict[str, Any]) -> None:
        calls.append(result)
        if len(calls) == 2:
            result["NextToken"] = "not what the sandbox takes"  # answered with Invalid.NextToken

    edit_pages(sandbox, refuse)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert load_list(report).restarts == 1
    assert sorted(list_keys(report)) == sorted(list_sandbox_keys(sandbox, cloud_pack))


@pytest.mark.parametrize(
    ("fault", "page", "code"),
    [
        ("repeated-token", 2, "ResultsEndless"),
        ("endless-list", None, "ResultsEndless"),
        ("short-list", 1, "ResultsIncomplete"),
    ],
)
def test_a_list_that_has_no_end_or_ends_short_is_said_and_not_used(
    fault: str,
    page: int | None,
    code: str,
    cloud_pack: Pack,
    sandbox: Sandbox,
    run_to_end: RunToEnd,
) -> None:
    sandbox.faults.set(fault, page=page)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.FAILED)
    assert (result_list.error_code, result_list.original) == (code, None)
    assert count_calls(sandbox) < 20


@pytest.mark.parametrize("operations", [("GetCompliancePack",), ("GetCompliancePack", COUNTS)])
def test_a_short_list_is_found_out_though_the_rules_were_not_fetched_with_the_file(
    operations: tuple[str, ...], cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("short-list", page=1)
    report = advance_to(State.FETCHING, requests.request_report(cloud_pack, None))
    for operation in operations:
        sandbox.faults.set("internal-error", on=operation, times=2)
    assert load_list(run_to_end(report)).error_code == "ResultsIncomplete"


def test_a_page_that_comes_twice_does_not_end_the_list(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("repeated-page", page=2)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert load_list(report).outcome == Outcome.COMPLETE
    assert load_list(report).pages == 5
    assert set(list_keys(report)) == set(list_sandbox_keys(sandbox, cloud_pack))


def test_a_page_that_comes_again_and_again_with_new_tokens_ends_the_list(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    pages: list[dict[str, Any]] = []

    def repeat(result: dict[str, Any]) -> None:
        pages.append(dict(result))
        result["EvaluationResultList"] = pages[0]["EvaluationResultList"]
        result["NextToken"] = pages[0]["NextToken"] + "=" * len(pages)  # padding changes nothing

    edit_pages(sandbox, repeat)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert load_list(report).error_code == "ResultsEndless"
    assert len(pages) == 1 + page_collector.MAX_USELESS_PAGES


@pytest.mark.parametrize(
    ("setting", "limit"),
    [("RESULTS_LIMIT_ROWS", 359), ("RESULTS_LIMIT_PAGES", 3)],
)
def test_a_list_longer_than_a_limit_is_not_used_and_names_the_limit(
    setting: str, limit: int, cloud_pack: Pack, settings: Settings, run_to_end: RunToEnd
) -> None:
    setattr(settings, setting, limit)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.FAILED)
    message = explain_error(result_list.error_code, result_list.error_facts)
    assert f"{setting}={limit}" in message.meaning


def test_a_list_of_more_bytes_than_a_file_may_have_is_not_used(
    cloud_pack: Pack,
    settings: Settings,
    run_to_end: RunToEnd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_collector, "PAGES_PER_PART", 1)
    report = request_listing(cloud_pack)
    settings.FILE_LIMIT_BYTES = 4_000
    take_step(report)
    result_list = load_list(report)
    assert (report.state, result_list.error_code) == (State.READING, "ResultsTooLong")
    assert 1 < result_list.pages < 4


def test_a_list_of_just_the_limits_is_used(
    cloud_pack: Pack, settings: Settings, run_to_end: RunToEnd
) -> None:
    settings.RESULTS_LIMIT_ROWS, settings.RESULTS_LIMIT_PAGES = 400, 4
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert load_list(report).outcome == Outcome.COMPLETE


def test_rows_of_another_account_end_the_list_and_both_accounts_are_named(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    def move(result: dict[str, Any]) -> None:
        identifier = result["EvaluationResultList"][-1]["EvaluationResultIdentifier"]
        identifier["EvaluationResultQualifier"]["ResourceOwnerId"] = 1888888888888888

    edit_pages(sandbox, move)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.FAILED)
    message = explain_error(result_list.error_code, result_list.error_facts)
    assert "1888888888888888" in message.meaning
    assert cloud_pack.account.uid in message.meaning


def test_a_page_of_a_wrong_shape_ends_the_list(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    edit_pages(sandbox, lambda result: result.update(EvaluationResultList={}))
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.error_code) == (State.READY, "BadAnswer")
    assert "EvaluationResultList" in explain_error("BadAnswer", result_list.error_facts).meaning


def test_at_its_deadline_the_list_ends_and_the_report_is_read_with_time_enough(
    cloud_pack: Pack, settings: Settings, run_to_end: RunToEnd
) -> None:
    report = request_listing(cloud_pack)
    assert report.deadline_at > timezone.now() + (report.deadline_at - timezone.now()) / 2
    Report.objects.filter(pk=report.pk).update(deadline_at=timezone.now())
    take_step(report)
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READING, Outcome.FAILED)
    assert report.deadline_at > timezone.now()
    message = explain_error(result_list.error_code, result_list.error_facts)
    assert f"{settings.RESULTS_LIMIT_MINUTES} minutes" in message.meaning
    assert run_to_end(report).state == State.READY


def test_at_its_deadline_the_list_ends_with_the_error_that_kept_it_from_ending(
    cloud_pack: Pack, sandbox: Sandbox
) -> None:
    sandbox.faults.set("unavailable", on=LIST)
    report = request_listing(cloud_pack)
    take_step(report)
    Report.objects.filter(pk=report.pk).update(deadline_at=timezone.now())
    take_step(report)
    result_list = load_list(report)
    assert (report.state, report.error_code) == (State.READING, "")
    assert result_list.error_code == "ServiceUnavailable"
    meaning = explain_error(result_list.error_code, result_list.error_facts).meaning
    assert "until the time limit" in meaning


def test_a_defect_of_this_program_ends_the_list_and_not_the_run(
    cloud_pack: Pack,
    sandbox: Sandbox,
    run_to_end: RunToEnd,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail_like_a_defect(call: int) -> None:
        raise KeyError(call)

    hook_calls(sandbox, fail_like_a_defect)
    report = run_to_end(requests.request_report(cloud_pack, None))
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.FAILED)
    assert result_list.error_code == "defect"
    assert "is read without its list" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_list_that_is_damaged_before_it_is_read_does_not_end_the_run(
    damage: str, cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    report = advance_to(State.READING, requests.request_report(cloud_pack, None))
    original = load_list(report).original
    assert original
    path = originals.find_local_path(original)
    assert path
    path.unlink() if damage == "missing" else path.write_bytes(b"other bytes")
    run_to_end(report)
    result_list = load_list(report)
    assert (report.state, result_list.outcome) == (State.READY, Outcome.FAILED)
    assert result_list.error_code == f"original_{damage}"
    original.refresh_from_db()
    assert original.damage == damage
