"""The same number wherever it is told."""

import re

import pytest
from django.test import Client

from dashboard.generation import requests
from dashboard.models import Pack
from dashboard.text.formatting import format_rate
from tests.conftest import RunToEnd


@pytest.fixture
def reader(client: Client, auditor: object) -> Client:
    client.login(username="auditor", password="auditor")
    return client


def words(client: Client, address: str) -> str:
    page = client.get(address, headers={"Accept-Language": "en"}).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_every_page_tells_the_same_rate_whatever_the_file_lists(
    cloud_account: object, reader: Client, run_to_end: RunToEnd
) -> None:
    for pack in Pack.objects.all():
        report = run_to_end(requests.request_report(pack, None))
        told = format_rate(*report.rated)
        addresses = (f"/packs/{pack.pk}/", f"/reports/{report.pk}/", f"/reports/{report.pk}/print/")
        assert all(told in words(reader, address) for address in addresses)
        home = words(reader, "/")
        assert told in home[home.index(pack.name) :][:200]


def test_a_file_that_lists_failing_resources_only_is_rated_by_its_overview(
    cloud_account: object, run_to_end: RunToEnd
) -> None:
    pack = Pack.objects.get(name="数据库合规管理最佳实践")
    report = run_to_end(requests.request_report(pack, None))
    overview = report.stated_counts["overview"]
    assert not report.lists_compliant
    assert report.rated == (overview["compliant"], overview["non_compliant"])
