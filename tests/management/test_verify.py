"""The command `verify` finds originals that were changed or lost."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dashboard.models import Pack
from tests.sample_history import import_history, make_sandbox_pack


@pytest.fixture
def pack(db: None) -> Pack:
    """A pack with three ready reports."""
    return import_history(make_sandbox_pack())


def test_verify_passes_an_unchanged_archive(pack: Pack, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify")
    assert "3 of 3 originals have their hash" in capsys.readouterr().out


def test_verify_names_an_archive_that_is_not_mounted(
    pack: Pack, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "not-mounted"
    with pytest.raises(CommandError, match=r"not in .*not-mounted: is its disk mounted"):
        call_command("verify")
    assert not pack.reports.exclude(original__damage="").exists()


def test_verify_finds_one_changed_byte_and_a_missing_file(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, missing, _ = pack.reports.order_by("position")
    path = Path(default_storage.path(changed.require_original().path))
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    default_storage.delete(missing.require_original().path)
    with pytest.raises(CommandError, match="2 originals are not what was stored"):
        call_command("verify")
    output = capsys.readouterr().out
    assert f"changed {changed.original_id} report {changed.pk}" in output
    assert f"missing {missing.original_id} report {missing.pk}" in output


def test_verify_finds_files_that_the_database_does_not_know(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    report = pack.reports.latest("position")
    name = report.require_original().path
    unknown_name = name[:-1] + ("0" if name[-1] != "0" else "1")
    default_storage.save(unknown_name, ContentFile(b"unknown"))
    with pytest.raises(CommandError, match="does not know 1 files of the archive"):
        call_command("verify")
    assert f"unknown {unknown_name}" in capsys.readouterr().out
    call_command("verify", "--report", str(report.pk))


@pytest.mark.django_db
def test_verify_of_an_empty_database_beside_a_full_archive_asks_for_the_right_one() -> None:
    default_storage.save(f"originals/aa/{'a' * 64}", ContentFile(b"a report"))
    with pytest.raises(CommandError, match="is this the right database"):
        call_command("verify")


@pytest.mark.django_db
def test_verify_of_a_new_installation_passes() -> None:
    call_command("verify")
