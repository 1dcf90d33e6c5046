"""The list of evaluation results is part of a report's stored form, of its originals and checks."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from dashboard.archive import inventory, originals, stored_forms
from dashboard.models import Original, Pack, Report
from tests import result_lists
from tests.listed_reports import create_sample_pack, get_list_original, store_listed_report
from tests.sample_files import SOME_FAILING

FILE = result_lists.build_documented_file(SOME_FAILING)
RESULTS = result_lists.build_list(result_lists.build_results(SOME_FAILING))


@pytest.fixture
def pack(db: None) -> Pack:
    return create_sample_pack()


@pytest.fixture
def report(pack: Pack) -> Report:
    return store_listed_report(pack, FILE, RESULTS)


def get_path(original: Original) -> Path:
    return Path(default_storage.path(original.path))


def test_the_stored_form_is_named_by_the_hashes_of_file_and_list(
    pack: Pack, report: Report
) -> None:
    assert report.state == Report.State.READY
    name = stored_forms.get_stored_form_name(report)
    assert report.require_original().sha256 in name
    assert get_list_original(report).sha256 in name
    with stored_forms.open_stored_form(report) as stored_form:
        assert stored_form.contents.rows == 12
    other_report = store_listed_report(pack, FILE, None, day=1)
    assert stored_forms.get_stored_form_name(other_report) != name
    with stored_forms.open_stored_form(other_report) as stored_form:
        assert stored_form.contents.rows == 3


def test_a_list_that_cannot_be_read_leaves_a_ready_report_of_the_file_that_says_so(
    pack: Pack,
) -> None:
    report = store_listed_report(pack, FILE, b"no list")
    assert (report.state, report.rows, report.listed_statuses) == (Report.State.READY, 3, [1])
    assert [remark["code"] for remark in report.remarks] == ["results_unread"]


def test_a_file_that_cannot_be_read_fails_with_its_own_error(pack: Pack) -> None:
    report = store_listed_report(pack, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", RESULTS)
    assert report.state == Report.State.FAILED
    assert "part" not in report.error_facts


def test_a_list_that_was_changed_in_the_archive_is_not_read(report: Report) -> None:
    default_storage.delete(stored_forms.get_stored_form_name(report))
    path = get_path(get_list_original(report))
    path.chmod(0o600)
    path.write_bytes(b"changed")
    with pytest.raises(originals.DamagedOriginalError), stored_forms.open_stored_form(report):
        pass


def test_verify_knows_the_list_and_names_its_report_when_it_is_damaged(report: Report) -> None:
    assert inventory.find_unknown_files() == []
    call_command("verify", stdout=StringIO())
    get_path(get_list_original(report)).unlink()
    output = StringIO()
    with pytest.raises(CommandError, match="1 originals are not what was stored"):
        call_command("verify", stdout=output)
    sha256 = get_list_original(report).sha256
    assert f"missing {sha256} evaluation results of report {report.pk}" in output.getvalue()
    with pytest.raises(CommandError):
        call_command("verify", report=report.pk, stdout=StringIO())


def test_a_list_that_a_report_needs_but_has_not_is_told(report: Report) -> None:
    report.result_list.original = None
    report.result_list.save()
    output = StringIO()
    with pytest.raises(CommandError, match="1 reports lack their list of evaluation results"):
        call_command("verify", stdout=output)
    assert f"no list: report {report.pk}" in output.getvalue()


def test_the_same_list_stored_again_heals_a_damaged_one(pack: Pack, report: Report) -> None:
    original = get_list_original(report)
    get_path(original).unlink()
    assert originals.verify_original(original) == Original.Damage.MISSING
    store_listed_report(pack, FILE, RESULTS, day=1)
    original.refresh_from_db()
    assert original.damage == ""
    assert originals.find_damage(original) is None


def test_equal_files_with_different_lists_are_different_reports(pack: Pack, report: Report) -> None:
    other_list = result_lists.build_list(result_lists.build_results(SOME_FAILING)[:6])
    other_report = store_listed_report(pack, FILE, other_list, day=1)
    assert other_report.original_id == report.original_id
    assert (report.rows, other_report.rows) == (12, 6)
