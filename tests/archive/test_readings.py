"""Readings are stored beside the originals and can be read again from them."""

import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from dashboard import workbook
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


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_damaged_reading_is_read_from_the_original_again(
    pack: Pack, content: bytes | None
) -> None:
    report = pack.reports.get()
    path = Path(default_storage.path(stored_forms.get_stored_form_name(report)))
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with stored_forms.open_stored_form(report) as reading:
        assert sum(map(len, reading.read_buckets())) == report.rows


def test_a_reading_whose_damage_shows_later_is_read_again_at_the_next_try(pack: Pack) -> None:
    report = pack.reports.get()
    path = Path(default_storage.path(stored_forms.get_stored_form_name(report)))
    with zipfile.ZipFile(path) as form:
        entry = next(info for info in form.infolist() if info.filename.startswith("evaluations/"))
    content = bytearray(path.read_bytes())
    content[entry.header_offset + 60] ^= 0xFF
    path.write_bytes(content)
    with (
        pytest.raises(workbook.DamagedFormError),
        stored_forms.open_stored_form(report) as reading,
    ):
        list(reading.read_buckets())
    with stored_forms.open_stored_form(report) as reading:
        assert sum(map(len, reading.read_buckets())) == report.rows
