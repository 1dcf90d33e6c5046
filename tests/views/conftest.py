"""Signed-in browsers, and packs with reports to compare, for the tests of pages."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.comparison.differences import Comparison, compare_reports
from dashboard.models import Pack
from tests import sample_files
from tests.sample_history import import_history, make_sandbox_pack
from tests.views.comparison_pages import comparison_path
from tests.views.report_files import FRIDAY, import_report_bytes


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    """The browser of a user who may only read."""
    client.force_login(auditor)
    return client


@pytest.fixture
def starter(officer: User) -> Client:
    """The browser of a user who may also generate reports."""
    client = Client()
    client.force_login(officer)
    return client


@pytest.fixture
def compared_pack(db: None) -> Pack:
    """A pack with three reports."""
    return import_history(make_sandbox_pack())


@pytest.fixture
def comparison(compared_pack: Pack) -> Comparison:
    """The first and the last report of the pack."""
    first, _second, last = compared_pack.reports.order_by("position")
    return compare_reports(first, last)


@pytest.fixture
def path_with_fixed(pack: Pack) -> str:
    """A comparison in which a bucket is fixed."""
    states = (sample_files.SOME_FAILING, sample_files.SOME_CHANGED)
    older, newer = (
        import_report_bytes(
            pack,
            sample_files.build_xls(sample_files.build_report_sheets(state)),
            at=FRIDAY + dt.timedelta(days=day),
        )
        for day, state in enumerate(states)
    )
    return comparison_path(older, newer)
