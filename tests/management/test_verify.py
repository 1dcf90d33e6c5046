"""The command `verify` finds originals that were changed or lost."""

import gzip
import io
import os
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dashboard.archive import originals, result_parts
from dashboard.models import Original, Pack, PackResource, ResultList
from tests.sample_history import import_history, make_sandbox_pack


@pytest.fixture
def pack(db: None) -> Pack:
    """A pack with three ready reports."""
    return import_history(make_sandbox_pack())


def save_old_file(name: str) -> None:
    """Save a file that is older than any import under way."""
    default_storage.save(name, ContentFile(b"a file"))
    os.utime(default_storage.path(name), (0, 0))


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
    save_old_file(unknown_name)
    with pytest.raises(CommandError, match="does not know 1 files of the archive"):
        call_command("verify")
    assert f"unknown {unknown_name}" in capsys.readouterr().out
    call_command("verify", "--report", str(report.pk))


def test_verify_does_not_name_a_file_that_is_about_to_get_its_row(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = originals.store_stream(io.BytesIO(b"an import under way"))
    monkeypatch.setattr(time, "sleep", lambda _seconds: originals.create_original_rows([original]))
    call_command("verify")
    assert Original.objects.filter(pk=original.pk).exists()


def test_verify_finds_resources_that_the_search_lacks_and_a_rebuild_brings_them(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = PackResource.objects.filter(pack=pack)[0]
    resource.delete()
    with pytest.raises(CommandError, match="finds other resources of 1 packs"):
        call_command("verify")
    assert f"search of pack {pack.pk}:" in capsys.readouterr().out
    PackResource.objects.filter(pack=pack).update(search_text="another name")
    PackResource.objects.create(pack=pack, resource=1, search_text="not in a report")
    call_command("rebuild")
    call_command("verify")
    assert PackResource.objects.filter(resource=resource.resource).exists()


@pytest.mark.django_db
def test_verify_of_an_empty_database_beside_a_full_archive_asks_for_the_right_one() -> None:
    save_old_file(f"originals/aa/{'a' * 64}")
    with pytest.raises(CommandError, match="is this the right database"):
        call_command("verify")


@pytest.mark.django_db
def test_verify_of_a_new_installation_passes() -> None:
    call_command("verify")


def test_verify_goes_on_after_an_original_that_cannot_be_read(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    report = pack.reports.order_by("position")[0]
    path = Path(default_storage.path(report.require_original().path))
    path.unlink()
    path.symlink_to(path.name)  # a link to itself
    with pytest.raises(CommandError, match="1 originals could not be read"):
        call_command("verify")
    output = capsys.readouterr().out
    assert f"unreadable {report.original_id} report {report.pk}" in output
    assert "2 of 3 originals have their hash" in output


def test_verify_holds_lists_under_way_against_their_parts(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking, ended, complete = pack.reports.order_by("position")
    ResultList.objects.create(report=lacking, parts=2)
    ResultList.objects.create(report=ended, outcome=ResultList.Outcome.FAILED)
    ResultList.objects.create(report=complete, parts=1)
    for report in (lacking, ended, complete):
        default_storage.save(result_parts.get_part_name(report.pk, 1), ContentFile(b"a part"))
    call_command("verify")
    output = capsys.readouterr().out
    assert f"The list of report {lacking.pk} lacks a part" in output
    assert f"Parts of a list of report {ended.pk} were left behind" in output
    assert f"report {complete.pk} " not in output


def test_verify_tells_a_list_that_was_fetched_again_from_a_lost_file(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker was killed after it had stored the list and before it stored the row."""
    name = Original(sha256="ab" * 32).path
    content = gzip.compress(b'{"EvaluationResults": {"EvaluationResultList": []}}\n')
    default_storage.save(name, ContentFile(content))
    os.utime(default_storage.path(name), (0, 0))
    call_command("verify")
    assert f"unneeded {name}" in capsys.readouterr().out
