"""The cloud's own times of evaluations in comparisons, on a resource's page and on paper."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from dashboard.models import Evaluation, EvaluationSource, Pack, Report, Status
from tests import sample_files
from tests.views.comparison_pages import comparison_path, download_json
from tests.views.pages import get_page
from tests.views.report_files import FRIDAY, import_report_bytes
from tests.views.result_lists import create_result_list, to_milliseconds

FIXED = FRIDAY + dt.timedelta(hours=7, minutes=21)
FAILED = FRIDAY - dt.timedelta(days=80)


@pytest.fixture
def reports(pack: Pack) -> list[Report]:
    """Two reports: in the later one backup is no longer public, and photos is."""
    states = (sample_files.SOME_FAILING, sample_files.SOME_CHANGED)
    return [
        import_report_bytes(
            pack,
            sample_files.build_xls(sample_files.build_report_sheets(state)),
            at=FRIDAY + dt.timedelta(days=day),
        )
        for day, state in enumerate(states)
    ]


def change_newest(report: Report, bucket: str, **fields: object) -> Evaluation:
    """Give a bucket's evaluation under the rule on public read what the list would give it."""
    rows = Evaluation.objects.at(report.pack_id, report.require_position())
    row = rows.get(resource_id=bucket, rule__rule_id="cr-public-read")
    Evaluation.objects.filter(pk=row.pk).update(source=EvaluationSource.BOTH, **fields)
    row.refresh_from_db()
    return row


def load_public_read_rows(reader: Client, path: str) -> dict[str, Any]:
    """The exported changes of the rule on public read, by bucket of the storage."""
    rows = download_json(reader, f"{path}changes.json")["rows"]
    return {row["resource_id"]: row for row in rows if row["rule_id"] == "cr-public-read"}


def test_a_fixed_row_shows_when_the_cloud_saw_it_fixed(
    reports: list[Report], reader: Client
) -> None:
    change_newest(reports[1], "backup", fixed_at_ms=to_milliseconds(FIXED))
    change_newest(reports[1], "photos", failing_since_ms=to_milliseconds(FAILED))
    path = comparison_path(*reports)
    for address in (path, f"{path}print/"):
        page = get_page(reader, address)
        assert "cloud: fixed <time" in page
        assert "2026-11-20 16:35</time>" in page
        assert "cloud: failing since <time" in page
        assert "2026-09-01 09:14</time>" in page
    rows = load_public_read_rows(reader, path)
    assert rows["backup"]["bucket"] == "fixed"
    assert rows["backup"]["cloud_fixed"] == "2026-11-20 16:35 UTC+8"
    assert rows["backup"]["source"] == "both"


def test_a_change_on_which_the_sources_disagree_shows_both_statuses(
    reports: list[Report], reader: Client
) -> None:
    change_newest(reports[1], "photos", results_status=Status.COMPLIANT)
    path = comparison_path(*reports)
    assert "evaluation results:" in get_page(reader, path)
    rows = load_public_read_rows(reader, path)
    assert rows["photos"]["results_status"] == "COMPLIANT"


def test_a_resource_s_page_shows_the_cloud_s_times_of_each_period(
    reports: list[Report], reader: Client
) -> None:
    row = change_newest(
        reports[1], "backup", fixed_at_ms=to_milliseconds(FIXED), resource_group="rg-1"
    )
    page = get_page(reader, f"/resources/{row.resource}/")
    assert page.count("cloud: fixed <time") == 1
    assert "2026-11-20 16:35</time>" in page
    assert "rg-1" in page


def test_a_printed_row_names_its_source_and_the_cloud_s_time(
    reports: list[Report], reader: Client
) -> None:
    create_result_list(reports[1])
    change_newest(reports[1], "photos", failing_since_ms=to_milliseconds(FAILED))
    page = get_page(reader, f"/reports/{reports[1].pk}/print/")
    assert 'data-source="both"' in page
    assert "cloud: failing since <time" in page


def test_an_export_has_what_the_evaluation_results_say_of_a_row(
    reports: list[Report], reader: Client
) -> None:
    row = change_newest(
        reports[1],
        "photos",
        results_status=Status.IGNORED,
        failing_since_ms=to_milliseconds(FAILED),
        exempt_until="2027-01-31",
        resource_group="rg-1",
    )
    exported = download_json(reader, f"/reports/{reports[1].pk}/export.json?q=photos")["rows"]
    (photos,) = [one for one in exported if one["rule_id"] == "cr-public-read"]
    assert photos["source"] == "file and evaluation results"
    assert photos["results_status"] == "Ignored"
    assert photos["cloud_failing_since"] == "2026-09-01 09:14 UTC+8"
    assert (photos["cloud_fixed"], photos["exempt_until"]) == ("", "2027-01-31")
    assert photos["resource_group"] == "rg-1"
    hashes = f"{row.key:016x} {row.resource:016x}"
    assert photos["record"].endswith(f" {hashes} 3 3 {to_milliseconds(FAILED)} 0")
