"""The demo goes on where it was killed, and its processes end with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management.base import CommandError

from dashboard.imports import batches
from dashboard.management import demo_company, demo_data
from dashboard.management.commands.demo import find_free_port
from dashboard.management.commands.sandbox import Command, create_sandbox
from dashboard.models import Account, Pack, Report
from tests.installation import wait_until


@pytest.mark.django_db
def test_a_first_import_that_was_interrupted_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo_data, "WEEKS", 2)
    monkeypatch.setattr(demo_data, "LARGE_PACK_ROWS", 60)
    batch = demo_data.find_or_create_batch()
    assert batch is not None
    import_files, calls = batches.import_waiting_files, []

    def import_until_interrupted(batch_id: int) -> None:
        calls.append(batch_id)
        if len(calls) == 3:
            raise KeyboardInterrupt
        import_files(batch_id)

    monkeypatch.setattr(batches, "import_waiting_files", import_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo_data.import_demo_year(batch)
    pack_count = len(demo_data.list_demo_packs())
    assert 0 < Report.objects.ready().count() < 2 * pack_count
    monkeypatch.setattr(batches, "import_waiting_files", import_files)
    second_batch = demo_data.find_or_create_batch()
    assert second_batch == batch
    assert not demo_data.is_complete(batch)
    assert demo_data.import_demo_year(batch) == 2 * pack_count
    assert Report.objects.count() == 2 * pack_count
    assert demo_data.is_complete(batch)


def list_descendants(pid: int) -> list[int]:
    """Return the process ids of the children of a process, and of theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] + [
        descendant for child in children for descendant in list_descendants(int(child))
    ]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_the_processes_of_a_killed_demo_end_and_its_lines_come_at_once(tmp_path: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path)}
    for name in ("DATABASE_URL", "QUEUE_URL"):
        environment.pop(name, None)
    command = [sys.executable, "manage.py", "demo", "--port", str(find_free_port())]
    with subprocess.Popen(
        command, cwd=settings.ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        assert "is being imported" in demo.stdout.readline()
        processes = list_descendants(demo.pid)
        assert processes  # the sandbox
        demo.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in processes), seconds=20)


@pytest.mark.django_db
def test_a_company_of_the_demo_is_completed_at_the_next_start_and_asks_its_own_sandbox() -> None:
    lines: list[str] = []
    demo_company.prepare_company("http://127.0.0.1:1", 3, lines.append)
    demo_company.prepare_company("http://127.0.0.1:2", 12, lines.append)
    assert "12 of 12 packs" in "".join(lines)
    assert set(Account.objects.values_list("endpoint")) == {("http://127.0.0.1:2",)}
    options = demo_company.list_sandbox_options(12)
    assert options[:4] == ["--many", "2", "10", "200"]
    arguments = Command().create_parser("manage.py", "sandbox").parse_args(options)
    known_packs = create_sandbox(vars(arguments)).cloud_state.packs
    assert set(Pack.objects.values_list("pack_id", flat=True)) < known_packs.keys()
    lines.clear()
    demo_company.prepare_company("http://127.0.0.1:3", 12, lines.append)
    assert lines == []


@pytest.mark.django_db
def test_a_company_is_not_created_beside_other_accounts(account: Account) -> None:
    with pytest.raises(CommandError, match="VAR_DIR"):
        demo_company.prepare_company("http://127.0.0.1:1", 3, print)
    assert not Pack.objects.exists()
