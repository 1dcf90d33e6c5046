"""Readings are stored beside the originals and can be read again from them."""

import pytest
from django.core.files.storage import default_storage

from dashboard.archive import stored_forms
from dashboard.models import Pack
from tests.sample_history import import_history, make_sandbox_pack


@pytest.fixture
def pack(db: None) -> Pack:
    """A pack with one ready report."""
    return import_history(make_sandbox_pack(), weeks=1)


def test_a_missing_reading_is_read_from_the_original_again(pack: Pack) -> None:
    report = pack.reports.get()
    default_storage.delete(stored_forms.get_stored_form_name(report))
    with stored_forms.open_stored_form(report) as reading:
        assert reading.contents.rows == report.rows


def test_a_reading_is_replaced_only_on_demand(pack: Pack) -> None:
    report = pack.reports.get()
    name = stored_forms.get_stored_form_name(report)
    modified_at = default_storage.get_modified_time(name)
    stored_forms.ensure_stored_form(report)
    assert default_storage.get_modified_time(name) == modified_at
    stored_forms.ensure_stored_form(report, replace=True)
    assert default_storage.get_modified_time(name) > modified_at
