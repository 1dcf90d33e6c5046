"""A list left at any page is continued or begun again; no row is doubled or lost."""

import datetime as dt
import gzip
import uuid
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from dashboard.archive import result_parts
from dashboard.generation import page_collector, requests, result_fetching
from dashboard.models import Pack, Report, ResultList
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd
from tests.generation.listing import (
    LIST,
    State,
    WorkerKilledError,
    count_calls,
    hook_calls,
    list_keys,
    list_sandbox_keys,
    load_list,
    request_listing,
    take_step,
    unhook_calls,
)

pytestmark = pytest.mark.usefixtures("no_defect")
Outcome = ResultList.Outcome
PAGES = 4  # of the list of `cloud_pack`


@pytest.fixture(autouse=True)
def save_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_collector, "PAGES_PER_PART", 1)


def kill_worker_before(page: int, report: Report, sandbox: Sandbox) -> None:
    """Take the step until its worker dies before it asks for a page; let its claim end."""

    def kill(call: int) -> None:
        if call == page:
            raise WorkerKilledError

    hook_calls(sandbox, kill)
    with pytest.raises(WorkerKilledError):
        take_step(report)
    unhook_calls(sandbox)
    end_claim(report)


def end_claim(report: Report) -> None:
    lapsed = timezone.now() - dt.timedelta(seconds=1)
    Report.objects.filter(pk=report.pk).update(claimed_until=lapsed)


def list_part_names() -> list[str]:
    return [
        f"{report_id}/{name}"
        for report_id in result_parts.list_reports_with_parts()
        for name in default_storage.listdir(f"{result_parts.PARTS_FOLDER}/{report_id}")[1]
    ]


def require_whole_list(report: Report, sandbox: Sandbox) -> None:
    report.refresh_from_db()
    result_list = load_list(report)
    keys = sorted(list_sandbox_keys(sandbox, report.pack))
    assert (report.state, result_list.outcome) == (State.READY, Outcome.COMPLETE)
    assert sorted(list_keys(report)) == keys
    assert (result_list.rows, result_list.pages) == (len(keys), PAGES)
    assert list_part_names() == []


@pytest.mark.parametrize("page", range(1, PAGES + 1))
def test_a_list_whose_worker_dies_at_a_page_goes_on_at_this_page(
    page: int, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(cloud_pack)
    kill_worker_before(page, report, sandbox)
    assert load_list(report).pages == page - 1
    assert count_calls(sandbox) == page - 1
    run_to_end(report)
    require_whole_list(report, sandbox)
    assert count_calls(sandbox) == PAGES


def test_pages_that_were_not_saved_before_the_worker_died_are_fetched_again(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_collector, "PAGES_PER_PART", 2)
    report = request_listing(cloud_pack)
    kill_worker_before(4, report, sandbox)
    assert load_list(report).pages == 2
    run_to_end(report)
    require_whole_list(report, sandbox)
    assert count_calls(sandbox) == PAGES + 1


def test_a_part_that_was_stored_but_not_counted_before_the_worker_died_is_replaced(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, tmp_path: Path
) -> None:
    report = request_listing(cloud_pack)
    kill_worker_before(3, report, sandbox)
    left_part = tmp_path / "left"
    left_part.write_bytes(b"half a part")
    result_parts.save_part(left_part, report.pk, 3)
    run_to_end(report)
    require_whole_list(report, sandbox)


@pytest.mark.parametrize("number", [1, 2])
def test_a_list_of_which_a_part_is_missing_begins_anew(
    number: int, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(cloud_pack)
    kill_worker_before(3, report, sandbox)
    default_storage.delete(result_parts.get_part_name(report.pk, number))
    run_to_end(report)
    require_whole_list(report, sandbox)
    assert load_list(report).restarts == 1


@pytest.mark.parametrize("page", range(1, PAGES + 1))
def test_a_worker_that_lost_its_claim_stores_nothing_and_the_next_one_doubles_nothing(
    page: int, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(cloud_pack)

    def lose_claim(call: int) -> None:
        if call == page:
            Report.objects.filter(pk=report.pk).update(claim=uuid.uuid4())

    hook_calls(sandbox, lose_claim)
    take_step(report)
    assert report.state == State.LISTING
    assert load_list(report).pages == page - 1
    assert len(list_part_names()) == page - 1
    end_claim(report)
    run_to_end(report)
    require_whole_list(report, sandbox)


def test_a_step_works_for_its_time_then_others_get_their_turn(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = request_listing(cloud_pack)
    monkeypatch.setattr(result_fetching, "STEP_SECONDS", 0.05)
    sandbox.faults.set("slow", on=LIST, delay=0.06)
    for page in range(1, PAGES):
        take_step(report)
        assert (report.state, load_list(report).pages) == (State.LISTING, page)
        assert report.claim is None
        assert report.next_at <= timezone.now()
    run_to_end(report)
    require_whole_list(report, sandbox)


def test_a_list_that_is_cancelled_at_a_page_ends_and_leaves_no_part(
    cloud_pack: Pack, sandbox: Sandbox
) -> None:
    report = request_listing(cloud_pack)

    def cancel(call: int) -> None:
        if call == 3:
            requests.cancel_report(Report.objects.get(pk=report.pk), None)

    hook_calls(sandbox, cancel)
    take_step(report)
    assert report.state == State.CANCELLED
    assert len(list_part_names()) == 2
    result_fetching.remove_leftovers()
    assert list_part_names() == []
    result_list = load_list(report)
    assert (result_list.outcome, result_list.error_code) == (Outcome.FAILED, "cancelled")
    assert result_list.original is None


def test_the_parts_of_a_list_under_way_are_not_swept(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(cloud_pack)
    kill_worker_before(3, report, sandbox)
    result_fetching.remove_leftovers()
    assert len(list_part_names()) == 2
    assert load_list(report).outcome == Outcome.UNDER_WAY
    run_to_end(report)
    require_whole_list(report, sandbox)


def test_parts_of_a_report_that_nobody_knows_are_swept(db: None, tmp_path: Path) -> None:
    part = tmp_path / "left"
    part.write_bytes(b"part")
    result_parts.save_part(part, 4711, 1)
    result_fetching.remove_leftovers()
    assert list_part_names() == []


def test_a_list_of_the_same_answers_has_the_same_bytes(tmp_path: Path, settings: Settings) -> None:
    def write(name: str) -> bytes:
        writer = result_parts.PartWriter(tmp_path / name)
        writer.add_answer(b'{"a":\r\n 1}')
        writer.close()
        return writer.path.read_bytes()

    first = write("first")
    assert first == write("second")
    assert gzip.decompress(first) == b'{"a":   1}\n'


@pytest.mark.django_db(transaction=True)
def test_a_list_stored_by_two_workers_at_once_is_whole(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    """The first worker is slow: its claim ends, and a second one does the step meanwhile."""
    report = request_listing(cloud_pack)

    def let_other_worker_go_on(call: int) -> None:
        if call == 3:
            unhook_calls(sandbox)
            end_claim(report)
            run_to_end(Report.objects.get(pk=report.pk))

    hook_calls(sandbox, let_other_worker_go_on)
    take_step(report)
    require_whole_list(report, sandbox)
    connection.close()
