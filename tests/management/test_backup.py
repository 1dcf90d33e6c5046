"""The drill: a backup that is written while the product runs comes back with every page."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dashboard.backup import databases, folders
from dashboard.models import Original, Report
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import CreateInstallation, Installation
from tests.sample_history import import_history, make_sandbox_pack

PACK_ID = "cp-00000000000000000002"
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
PLAN = SandboxPack(PACK_ID, "1024837465912038", "Backup", "", ("oss",), rows=60, failing_share=0.3)
PAGES = [
    *("/", "/reports/", "/reports/{}/", "/reports/{}/resources/", "/reports/{}/evidence/"),
    *("/search/?q=acs", "/reports/bulk/", "/rules/1/", "/reports/1/evidence/"),
]
# A report with its evaluation results, and what a bulk request leaves.
GENERATE = (
    "from django.utils import timezone",
    "from dashboard.generation import bulk_requests, lifecycle, requests",
    "from dashboard.models import Pack, Report",
    "bulk_requests.record_bulk_request(Pack.objects.all(), None, 'q=backup')",
    "report = requests.request_report(Pack.objects.in_cloud()[0], None)",
    "while Report.objects.under_way().exists():",
    "    Report.objects.update(next_at=timezone.now())",
    "    lifecycle.advance_report(report.pk)",
    "report.refresh_from_db()",
    "assert report.state == 'ready' and report.result_list.is_complete, report.error_code",
)
SHOW_PAGES = """
import hashlib, json
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
from django.contrib.auth.models import User
from django.test import Client
from dashboard.models import Account, Report
user, _created = User.objects.get_or_create(username="reader")
browser = Client(SERVER_NAME="localhost")
browser.force_login(user)
report = Report.objects.ready().latest("pk")
pages = {{page: browser.get(page.format(report.pk)).content.decode() for page in {pages!r}}}
original = b"".join(browser.get(f"/reports/{{report.pk}}/original/").streaming_content)
pages["original"] = hashlib.sha256(original).hexdigest()
pages["secrets"] = [account.secret for account in Account.objects.order_by("pk")]
open({target!r}, "w").write(json.dumps(pages))
"""


@pytest.fixture(scope="module")
def installations(create_installation: CreateInstallation) -> Iterator[list[Installation]]:
    """An installation with the sandbox's accounts, and an empty one."""
    with run_server_in_thread(Sandbox(large_rows=100)) as cloud:
        yield [create_installation("backup", cloud, prepare=prepare) for prepare in (True, False)]


def read_pages(installation: Installation, folder: Path) -> dict[str, object]:
    """Return pages without what differs at each request: tokens, ages, and times of verifying."""
    target = folder / f"{installation.folder.name}.json"
    installation.run_python(SHOW_PAGES.format(pages=PAGES, target=str(target)))
    pages: dict[str, object] = json.loads(target.read_text())
    return {
        name: remove_changing_parts(page) if isinstance(page, str) else page
        for name, page in pages.items()
    }


def remove_changing_parts(page: str) -> str:
    page = re.sub(r'(csrftoken": |csrfmiddlewaretoken" value=)"\w+"', "", page)
    page = re.sub(r"verified <time.*?</time>|not verified since it was stored", "", page)
    return re.sub(r"\s+", " ", page)


def get_archive_path(original: Original) -> Path:
    return Path(default_storage.path(original.path))


def run_command(installation: Installation, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.django_db  # the installations begin with the test database
def test_a_backup_comes_back_with_every_page_every_byte_and_the_secrets(
    installations: list[Installation], tmp_path: Path
) -> None:
    source, target = installations
    files, backup = tmp_path / "files", tmp_path / "backup"
    files.mkdir()
    state = CloudState(7, 12, packs=(PLAN,))
    past_reports = list(build_past_report_files(state, 4, until=UNTIL))
    for name, content, _created_at in past_reports:
        (files / name).write_bytes(content)
    source.run_command("manage.py", "import_reports", "--create", str(files))
    source.run_python(*GENERATE)
    source.run_command("manage.py", "backup", str(backup))
    kept = [path for path in backup.rglob("*") if path.is_file() and "originals" in path.parts]
    assert len(kept) == len(past_reports) + 2  # a file and its list
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}

    refused = run_command(source, "restore", str(backup))
    assert refused.returncode == 1
    assert "nothing was changed" in refused.stderr

    assert run_command(target, "restore", str(backup)).returncode == 0
    assert run_command(target, "migrate", "--check").returncode == 0
    verified = run_command(target, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert f"{len(kept)} of {len(kept)} originals have their hash" in verified.stdout
    restored_pages, pages = read_pages(target, tmp_path), read_pages(source, tmp_path)
    for name, page in pages.items():
        assert restored_pages[name] == page, name


@pytest.mark.django_db(transaction=True)
def test_a_backup_that_is_incomplete_or_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no manifest"):
        call_command("restore", tmp_path)
    backup = tmp_path / "backup"
    call_command("backup", backup, "--without-keys")
    assert not (backup / "keys.json").exists()
    dump = next(backup.glob("database-*"))
    dump.write_bytes(dump.read_bytes()[:-1] + b"?")
    with pytest.raises(CommandError, match="missing or changed"):
        call_command("restore", backup)


@pytest.mark.django_db(transaction=True)
def test_damaged_originals_are_listed_and_all_others_are_in_the_backup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = import_history(make_sandbox_pack(), weeks=4).reports.order_by("original_id")
    changed, missing, unreadable, intact = [report.require_original() for report in reports]
    backup = tmp_path / "backup"
    get_archive_path(changed).write_bytes(b"changed")
    get_archive_path(missing).unlink()
    get_archive_path(unreadable).unlink()
    get_archive_path(unreadable).mkdir()
    with pytest.raises(CommandError, match=f"lacks 3 originals.*\n{changed}\n{missing}") as error:
        call_command("backup", backup)
    assert error.value.returncode == 2
    manifest = folders.read_manifest(backup)
    assert manifest.missing_originals == [changed.pk, missing.pk, unreadable.pk]
    copies = [path for path in backup.glob("originals/*/*") if path.is_file()]
    assert copies == [backup / intact.path]

    Report.objects.all().delete()
    get_archive_path(intact).unlink()
    # The database of the tests stays in place.
    monkeypatch.setattr(databases, "load_database", lambda _path: None)
    call_command("restore", backup)
    assert f"lacks 3 originals, which were damaged or missing when it was made:\n{changed}" in (
        capsys.readouterr().out
    )
    assert get_archive_path(intact).is_file()


@pytest.mark.django_db(transaction=True)
def test_an_earlier_backup_can_be_restored_until_the_next_one_is_complete(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    import_history(make_sandbox_pack(), weeks=1)
    call_command("backup", backup)
    earlier = folders.read_manifest(backup)
    names = {path.name for path in backup.iterdir()}
    (backup / "manifest.json.incoming").mkdir()
    with pytest.raises(CommandError, match="No complete backup"):
        call_command("backup", backup)
    (backup / "manifest.json.incoming").rmdir()
    assert folders.read_manifest(backup) == earlier
    assert {path.name for path in backup.iterdir()} == names

    call_command("backup", backup, "--without-keys")
    later = folders.read_manifest(backup)
    assert later.database != earlier.database
    names = {path.name for path in backup.iterdir()}
    assert names == {"manifest.json", "originals", later.database}


@pytest.mark.django_db(transaction=True)
def test_a_backup_deletes_no_file_of_others(tmp_path: Path) -> None:
    names = {"database-of-another-product.sql", "database.sqlite3", "database-20260101.dump"}
    backup = tmp_path / "backup"
    backup.mkdir()
    for name in names:
        (backup / name).touch()
    call_command("backup", backup)
    assert names < {path.name for path in backup.iterdir()}


@pytest.mark.django_db(transaction=True)
def test_a_damaged_copy_in_the_backup_is_replaced_by_the_next_backup(tmp_path: Path) -> None:
    original = import_history(make_sandbox_pack(), weeks=1).reports.get().require_original()
    call_command("backup", tmp_path / "backup")
    copy = tmp_path / "backup" / original.path
    content = copy.read_bytes()
    copy.write_bytes(bytes(len(content)))
    call_command("backup", tmp_path / "backup")
    assert copy.read_bytes() == content


@pytest.mark.django_db(transaction=True)
def test_only_its_owner_may_read_the_copy_of_the_database_while_it_is_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "database"
    earlier_mask = os.umask(0o022)
    try:
        with databases.dump_database(path):
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(earlier_mask)


@pytest.mark.django_db(transaction=True)
def test_keys_of_the_environment_that_cannot_read_the_backup_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    call_command("backup", tmp_path)
    backup_keys = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    monkeypatch.setenv("ENCRYPTION_KEYS", ",".join(settings.ENCRYPTION_KEYS))
    with pytest.raises(CommandError, match="ENCRYPTION_KEYS without the keys of the backup"):
        call_command("restore", tmp_path)
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, *backup_keys]
    folders.require_usable_keys(tmp_path)


def test_the_present_encryption_keys_stay_behind_those_of_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.delenv("ENCRYPTION_KEYS", raising=False)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    settings.VAR_DIR = tmp_path
    settings.ENCRYPTION_KEYS = ["of the backup"]
    folders.write_keys(tmp_path)
    settings.ENCRYPTION_KEYS = ["present"]
    folders.restore_keys(tmp_path)
    assert (tmp_path / "encryption-key").read_text() == "of the backup,present"


@pytest.mark.parametrize(
    ("values", "uri"),
    [
        ({"HOST": "db", "PORT": 5432}, "postgresql://user@db:5432/ledger"),
        ({"HOST": "/run/postgresql", "PORT": ""}, "postgresql://user@%2Frun%2Fpostgresql/ledger"),
        ({"HOST": "::1", "PORT": "5433"}, "postgresql://user@[::1]:5433/ledger"),
        (
            {"HOST": "db", "PORT": "", "OPTIONS": {"sslmode": "require", "options": "-c jit=off"}},
            "postgresql://user@db/ledger?sslmode=require",
        ),
    ],
)
def test_the_programs_of_postgresql_connect_as_the_product_does(
    values: dict[str, object], uri: str
) -> None:
    database = {"USER": "user", "NAME": "ledger", "PASSWORD": "unseen", "OPTIONS": {}, **values}
    assert databases.build_dbname(database) == uri
