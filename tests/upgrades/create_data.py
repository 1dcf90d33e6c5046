"""Create the data of a landed version, with the code of that version.

`make_versions.py` runs this file in a checkout of the version; its argument is a folder with report
files. It uses only what all versions have: their commands, and their models by name.
"""

import contextlib
import datetime as dt
import importlib
import io
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command, load_command_class  # noqa: E402

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
SECRET = "the secret of version data"


def get_model(name: str) -> Any:
    return apps.get_model("dashboard", name)


def import_files(folder: str) -> None:
    parser = load_command_class("dashboard", "import_reports").create_parser("", "")
    has_create = "--create" in parser.format_help()
    call_command("import_reports", *(["--create"] if has_create else []), folder)


def create_runs(pack: Any, user: User) -> None:
    """Create a run that failed, one that was cancelled, and one that is under way."""
    for state, error_code in (("failed", "deadline"), ("cancelled", "cancelled"), ("creating", "")):
        get_model("Report").objects.create(
            pack=pack,
            pack_name=pack.name,
            state=state,
            requested_by=user,
            requested_at=NOW,
            deadline_at=NOW + dt.timedelta(minutes=30),
            error_code=error_code,
            client_token="0123456789abcdef",
        )


def withdraw_last_import(user: User) -> None:
    """Withdraw an import, in the versions in which that is possible."""
    with contextlib.suppress(ImportError):
        withdrawal = importlib.import_module("dashboard.ledger.withdrawal")
        report = get_model("Report").objects.filter(source="imported").latest("created_at")
        withdrawal.withdraw_report(report, user, "imported by mistake")


def create_data(folder: str) -> None:
    call_command("migrate", verbosity=0)
    import_files(folder)
    user = User.objects.create_superuser("officer", password="a long enough word")
    get_model("Preference").objects.create(user=user, zone="Asia/Tokyo", theme="dark")
    account = get_model("Account").objects.get()
    account.name, account.access_key_id, account.secret = "Production", "LTAI0000example", SECRET
    account.save()
    report = get_model("Report").objects.filter(state="ready").earliest("created_at")
    report.label, report.note, report.held = "审计 2026", "kept for the auditor", True
    report.save(update_fields=["label", "note", "held"])
    get_model("AuditEntry").objects.create(
        by=user,
        action="annotate",
        report=report,
        before={"label": ""},
        after={"label": "审计 2026"},
    )
    create_runs(report.pack, user)
    withdraw_last_import(user)


if __name__ == "__main__":
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        create_data(sys.argv[1])
    sys.stderr.write(output.getvalue())
