"""Both rates stand on every page under their own names, and neither takes the other's counts."""

import json
import re

import pytest
from django.test import Client

from dashboard.models import Pack, Report
from tests import sample_files
from tests.queries.report_contents import build_failing_only_sheets
from tests.views.report_files import FRIDAY, import_report_bytes

pytestmark = pytest.mark.django_db
NO_ROWS = "the file does not list compliant and non-compliant evaluations row by row"


@pytest.fixture
def listed(pack: Pack) -> Report:
    """A report of 8 compliant and 3 failing evaluations: 2 of 4 resources comply."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    return import_report_bytes(pack, sample_files.build_xls(sheets))


@pytest.fixture
def failing_only(pack: Pack, listed: Report) -> Report:
    """A later report of the pack that lists failing resources only."""
    content = sample_files.build_xls(build_failing_only_sheets())
    return import_report_bytes(pack, content, at=FRIDAY.replace(day=21))


def get_words(client: Client, address: str) -> str:
    page = client.get(address, headers={"Accept-Language": "en"}).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_head_and_the_print_give_each_rate_with_formula_and_source(
    listed: Report, reader: Client
) -> None:
    for address in (f"/reports/{listed.pk}/", f"/reports/{listed.pk}/print/"):
        words = get_words(reader, address)
        for text in (
            "72.7 %", "8 / (8 + 3)", "compliant / (compliant + non-compliant) evaluations",
            "50.0 %", "2 / (2 + 2)", "resources that no rule fails / judged resources",
            "counted from the rows of the file",
        ):  # fmt: skip
            assert text in words


def test_a_rate_that_is_missing_is_a_dash_with_its_reason_wherever_it_stands(
    failing_only: Report, reader: Client
) -> None:
    pack_id = failing_only.pack_id
    for address in ("/", "/reports/", f"/packs/{pack_id}/", f"/packs/{pack_id}/trend/"):
        words = get_words(reader, address)
        assert f"– {NO_ROWS}" in words
        assert "50.0 %" in words
    for address in (f"/reports/{failing_only.pk}/", f"/reports/{failing_only.pk}/print/"):
        words = get_words(reader, address)
        assert NO_ROWS in words
        assert "stated by the file&#x27;s overview" in words


def test_the_overviews_counts_of_resources_are_not_shown_as_evaluations(
    failing_only: Report, reader: Client
) -> None:
    words = get_words(reader, f"/reports/{failing_only.pk}/")
    assert "resources; no rows" in words


def test_a_comparison_gives_both_rates_and_never_compares_one_with_the_other(
    listed: Report, failing_only: Report, reader: Client
) -> None:
    address = f"/packs/{listed.pack_id}/compare/{listed.pk}/{failing_only.pk}/"
    words = get_words(reader, address)
    assert "72.7 % → –" in words
    assert "50.0 % → 50.0 %" in words
    assert f"8 / (8 + 3) → {NO_ROWS}" in words


def test_an_export_gives_both_rates_with_their_source_and_the_checked_counts(
    listed: Report, failing_only: Report, reader: Client
) -> None:
    metadata = json.loads(get_bytes(reader, f"/reports/{listed.pk}/export.json"))["metadata"]
    source = "counted from the rows of the file"
    assert metadata["evaluation_rate"] == f"72.7 % = 8 / (8 + 3); {source}"
    assert metadata["resource_rate"] == f"50.0 % = 2 / (2 + 2); {source}"
    assert metadata["count_checks"] == "14 match, 3 could not be checked"
    metadata = json.loads(get_bytes(reader, f"/reports/{failing_only.pk}/export.json"))["metadata"]
    assert metadata["evaluation_rate"] == f"– ({NO_ROWS})"
    assert metadata["resource_rate"] == "50.0 % = 2 / (2 + 2); stated by the file's overview"


def get_bytes(client: Client, address: str) -> bytes:
    response = client.get(address, headers={"Accept-Language": "en"})
    content = getattr(response, "streaming_content", None)
    return b"".join(content) if content else response.content


def test_no_rate_is_100_percent_while_something_fails(pack: Pack, reader: Client) -> None:
    sheets = sample_files.build_status_sheet(3_000, failing=2_999)
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    assert report.rate_counts == (2_998, 2)
    assert report.resource_rate_counts == (2_998, 2)
    words = get_words(reader, f"/reports/{report.pk}/")
    assert words.count("99.9 %") == 2
    assert "100 %" not in words


def test_the_evidence_lists_every_count_with_basis_and_verdict_differences_first(
    pack: Pack, reader: Client
) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    sheets["检测概览"][-1] = ("不合规资源数", 3)
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    words = get_words(reader, f"/reports/{report.pk}/evidence/").replace("&#x27;", "'")
    assert "Non-compliant resources 2 3 the file's overview differs" in words
    verdicts = [words.index(f" {verdict} ", words.index("Verdict")) for verdict in
                ("differs", "not checked", "matches")]  # fmt: skip
    assert verdicts == sorted(verdicts)
