"""The same number wherever it is told."""

import re

from django.test import Client

from dashboard.generation import requests
from dashboard.models import Account, Pack, Report
from dashboard.text.formatting import format_rate
from tests.conftest import RunToEnd


def load_words(client: Client, address: str) -> str:
    page = client.get(address, headers={"Accept-Language": "en"}).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_every_page_tells_the_same_rate_for_any_listed_statuses(
    cloud_account: object, reader: Client, run_to_end: RunToEnd
) -> None:
    for pack in Pack.objects.all():
        report = run_to_end(requests.request_report(pack, None))
        rates = [
            format_rate(*counts)
            for counts in (report.rate_counts, report.resource_rate_counts)
            if counts
        ]
        assert len(rates) == 2
        told = rates if report.lists_compliant else rates[1:]
        home = load_words(reader, "/")
        row = home[home.index(pack.name) :][:300]
        addresses = (f"/packs/{pack.pk}/", f"/reports/{report.pk}/", f"/reports/{report.pk}/print/")
        for page in (row, *(load_words(reader, address) for address in addresses)):
            assert all(rate in page for rate in told)


def test_a_file_that_lists_failing_resources_only_has_the_resource_rate_of_its_overview(
    cloud_account: object, reader: Client, run_to_end: RunToEnd
) -> None:
    Account.objects.update(fetches_results=False)  # they would list the compliant ones too
    pack = Pack.objects.get(name="数据库合规管理最佳实践")
    report = run_to_end(requests.request_report(pack, None))
    overview = report.stated_counts["overview"]
    assert not report.lists_compliant
    assert report.rate_counts == (0, 0)
    assert report.resource_rate_counts == (overview["compliant"], overview["non_compliant"])
    assert report.resources_source == Report.ResourcesSource.OVERVIEW
    page = load_words(reader, f"/reports/{report.pk}/")
    assert "the file does not list compliant and non-compliant evaluations row by row" in page
    assert "stated by the file" in page


def test_every_pack_has_the_resource_rate_that_its_own_overview_states(
    cloud_account: object, run_to_end: RunToEnd
) -> None:
    for pack in Pack.objects.all():
        report = run_to_end(requests.request_report(pack, None))
        overview = report.stated_counts["overview"]
        assert report.resource_rate_counts == (overview["compliant"], overview["non_compliant"])
