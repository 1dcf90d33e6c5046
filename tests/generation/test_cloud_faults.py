"""Runs and the list of packs, where the cloud drips, refuses or lies."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from dashboard import cloud
from dashboard.generation import discovery, lifecycle, requests
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.wsgi import Sandbox
from dashboard.text.error_messages import explain_error
from tests.cloud.hostile_server import HostileServer, send_slowly, serve
from tests.conftest import RunToEnd

State = Report.State
EditAnswer = Callable[[dict[str, Any]], None]


def point_at(server: HostileServer, pack: Pack, settings: Settings) -> None:
    """Let the pack's account call this server."""
    settings.CLOUD_TRANSPORT = None
    settings.ENDPOINT_HOSTS = [server.host]
    Account.objects.update(endpoint=f"http://{server.host}", caller_asked_at=timezone.now())


def request_with_deadline(pack: Pack, seconds: float) -> Report:
    report = requests.request_report(pack, None)
    deadline_at = timezone.now() + dt.timedelta(seconds=seconds)
    Report.objects.filter(pk=report.pk).update(deadline_at=deadline_at)
    return report


@pytest.mark.django_db(transaction=True)
def test_the_time_limit_of_a_run_ends_a_call_that_drips(
    cloud_pack: Pack, settings: Settings
) -> None:
    report = request_with_deadline(cloud_pack, 1.5)
    started_at = time.monotonic()
    with serve(send_slowly(b"HTTP/1.1 200 OK\r\nx: ", b"x")) as server:
        point_at(server, cloud_pack, settings)
        lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert time.monotonic() - started_at < 10
    assert (report.state, report.error_code) == (State.FAILED, "TimedOut")
    assert report.error_facts["minutes"] == settings.REPORT_LIMIT_MINUTES


@pytest.mark.django_db(transaction=True)
def test_cancelling_a_run_ends_a_call_that_drips(cloud_pack: Pack, settings: Settings) -> None:
    report = requests.request_report(cloud_pack, None)

    def cancel() -> None:
        requests.cancel_report(Report.objects.get(pk=report.pk), None)
        connection.close()

    threading.Timer(1.0, cancel).start()
    started_at = time.monotonic()
    with serve(send_slowly(b"HTTP/1.1 200 OK\r\nx: ", b"x")) as server:
        point_at(server, cloud_pack, settings)
        lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert time.monotonic() - started_at < 10
    assert report.state == State.CANCELLED
    assert len(server.requests) == 1


def test_a_call_is_shorter_than_the_claim(cloud_pack: Pack, settings: Settings) -> None:
    settings.LEASE_SECONDS = 1.5
    report = requests.request_report(cloud_pack, None)
    started_at = time.monotonic()
    with serve(send_slowly(b"HTTP/1.1 200 OK\r\nx: ", b"x")) as server:
        point_at(server, cloud_pack, settings)
        lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert time.monotonic() - started_at < 5
    assert (report.state, report.error_code) == (State.REQUESTED, "TimedOut")
    assert report.failed_attempts == 1


def test_a_link_that_is_refused_once_with_a_page_is_tried_again(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("refused-link", times=1)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert report.state == State.READY
    assert sandbox.call_log.count_by_operation()["Download"] == 2


def test_a_fault_until_the_time_limit_ends_the_run_with_its_own_cause(
    cloud_pack: Pack, sandbox: Sandbox
) -> None:
    sandbox.faults.set("unavailable", on="GetCompliancePackReport")
    report = requests.request_report(cloud_pack, None)
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error_code) == (State.REQUESTED, "ServiceUnavailable")
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(next_at=now, deadline_at=now)
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error_code) == (State.FAILED, "ServiceUnavailable")
    message = explain_error(report.error_code, report.error_facts)
    assert message.title == "The cloud is not available at the moment"
    assert "until the time limit of the run (30 minutes)" in message.meaning
    assert report.error_facts["request_id"]


def test_the_next_try_is_never_after_the_time_limit(cloud_pack: Pack, sandbox: Sandbox) -> None:
    sandbox.faults.set("unavailable")
    report = request_with_deadline(cloud_pack, 1)
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert report.next_at <= report.deadline_at


def edit_answers(sandbox: Sandbox, edit: EditAnswer, action: str, settings: Settings) -> None:
    """Change the sandbox's answers to one operation."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_X_ACS_ACTION") != action:
            return sandbox(environ, start_response)
        content = json.loads(b"".join(sandbox(environ, lambda *_: lambda _: None)))
        edit(content)
        start_response("200 OK", [])
        return [json.dumps(content).encode()]

    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=answer)


def remove_packs(answer: dict[str, Any]) -> None:
    answer["CompliancePacksResult"] |= {"CompliancePacks": [], "TotalCount": 0}


def make_null(answer: dict[str, Any]) -> None:
    answer["CompliancePacksResult"]["CompliancePacks"] = None


def remove_one(answer: dict[str, Any]) -> None:
    answer["CompliancePacksResult"]["CompliancePacks"][-1:] = []


def state_a_billion(answer: dict[str, Any]) -> None:
    answer["CompliancePacksResult"]["TotalCount"] = 10**9


@pytest.mark.parametrize("edit", [make_null, remove_one, state_a_billion])
def test_a_list_that_is_not_whole_changes_no_pack(
    edit: EditAnswer, cloud_account: Account, sandbox: Sandbox, settings: Settings
) -> None:
    edit_answers(sandbox, edit, "ListCompliancePacks", settings)
    with pytest.raises(cloud.CloudError) as caught:
        discovery.refresh_packs(cloud_account)
    assert caught.value.code == "BadAnswer"
    assert "No pack was changed" in explain_error("BadAnswer", caught.value.facts).meaning or (
        edit is make_null
    )
    assert cloud_account.packs.in_cloud().count() == 4


def test_an_empty_list_marks_no_pack_gone_that_the_cloud_still_has(
    cloud_account: Account, sandbox: Sandbox, settings: Settings
) -> None:
    edit_answers(sandbox, remove_packs, "ListCompliancePacks", settings)
    discovery.refresh_packs(cloud_account)
    assert cloud_account.packs.in_cloud().count() == 4
    assert sandbox.call_log.count_by_operation()["GetCompliancePack"] == 4


def test_a_pack_is_gone_when_the_cloud_says_so(cloud_account: Account, sandbox: Sandbox) -> None:
    pack = cloud_account.packs.all()[0]
    del sandbox.cloud_state.packs[pack.pack_id]
    discovery.refresh_packs(cloud_account)
    assert list(cloud_account.packs.exclude(gone_at=None)) == [pack]


def test_a_pack_that_may_not_be_read_hides_no_other_that_is_gone(
    cloud_account: Account, sandbox: Sandbox
) -> None:
    for pack in cloud_account.packs.all()[:2]:
        del sandbox.cloud_state.packs[pack.pack_id]
    sandbox.faults.set("forbidden", on="GetCompliancePack", times=1)
    discovery.refresh_packs(cloud_account)
    assert cloud_account.packs.exclude(gone_at=None).count() == 1


def test_while_the_cloud_cannot_be_asked_no_pack_is_gone(
    cloud_account: Account, sandbox: Sandbox
) -> None:
    del sandbox.cloud_state.packs[cloud_account.packs.all()[0].pack_id]
    sandbox.faults.set("unavailable", on="GetCompliancePack")
    discovery.refresh_packs(cloud_account)
    assert cloud_account.packs.in_cloud().count() == 4


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_run_marks_its_pack_gone_only_if_the_pack_itself_is_gone(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, settings: Settings, is_gone: bool
) -> None:
    def refuse(answer: dict[str, Any]) -> None:
        answer.clear()
        answer["Code"] = "Invalid.CompliancePackId.Value"

    edit_answers(sandbox, refuse, "GetCompliancePackReport", settings)
    if is_gone:
        del sandbox.cloud_state.packs[cloud_pack.pack_id]
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert report.error_code == "Invalid.CompliancePackId.Value"
    cloud_pack.refresh_from_db()
    assert bool(cloud_pack.gone_at) == is_gone


def test_the_list_of_packs_is_paced_like_every_other_call(
    cloud_account: Account, sandbox: Sandbox, settings: Settings
) -> None:
    settings.LIST_PER_MINUTE = 2
    discovery.refresh_packs(cloud_account)
    with pytest.raises(cloud.CloudError) as caught:
        discovery.refresh_packs(cloud_account)
    assert caught.value.advice is cloud.Advice.SLOW_DOWN
    assert sandbox.call_log.count_by_operation()["ListCompliancePacks"] == 2


def test_a_complete_report_without_a_link_ends_the_run_at_once_in_words(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, settings: Settings
) -> None:
    def remove_link(answer: dict[str, Any]) -> None:
        answer["CompliancePackReport"].pop("ReportUrl", None)

    edit_answers(sandbox, remove_link, "GetCompliancePackReport", settings)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert (report.state, report.error_code) == (State.FAILED, "BadAnswer")
    meaning = explain_error(report.error_code, report.error_facts).meaning
    assert meaning.startswith("The report is said to be complete, but there is no link")


def test_a_generate_that_answers_nothing_ends_the_run_at_once(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, settings: Settings
) -> None:
    edit_answers(sandbox, dict.clear, "GenerateCompliancePackReport", settings)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert (report.state, report.error_code, report.failed_attempts) == (
        State.FAILED, "BadAnswer", 0,
    )  # fmt: skip
    assert "CompliancePackId" in explain_error(report.error_code, report.error_facts).meaning
