"""The command `compare` compares reports, and files that were never imported."""

import json
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from dashboard.models import Pack
from tests.sample_history import import_history, make_sandbox_pack


@pytest.fixture
def pack(db: None) -> Pack:
    """A pack with three ready reports."""
    return import_history(make_sandbox_pack(rows=80))


def test_compare_gives_the_same_result_for_reports_and_for_their_files(
    pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older, _, newer = pack.reports.order_by("position")
    paths = []
    for report in (older, newer):
        path = tmp_path / f"{report.pk}.xls"
        original_path = Path(default_storage.path(report.require_original().path))
        path.write_bytes(original_path.read_bytes())
        paths.append(str(path))
    call_command("compare", str(older.pk), str(newer.pk), "--json")
    result_of_reports = json.loads(capsys.readouterr().out)
    call_command("compare", *paths, "--json")
    assert json.loads(capsys.readouterr().out) == result_of_reports
    assert sum(result_of_reports["counts"].values()) >= newer.rows


def test_compare_refuses_reports_of_two_packs(pack: Pack) -> None:
    other_pack = import_history(make_sandbox_pack(2, rows=40), weeks=1)
    pks = [str(each.reports.latest("pk").pk) for each in (pack, other_pack)]
    with pytest.raises(CommandError, match="different packs"):
        call_command("compare", *pks)
