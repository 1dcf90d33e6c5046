"""The commands of an administrator."""

from importlib import import_module
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from dashboard.models import Account
from dashboard.models.accounts import SecretUnreadableError


def test_a_secret_survives_the_rotation_of_keys_and_the_old_key_opens_nothing(
    account: Account, settings: Settings
) -> None:
    account.secret = "an AccessKey secret"
    account.save()
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_keys", stdout=StringIO())
    account.refresh_from_db()
    settings.ENCRYPTION_KEYS = [new]
    assert account.secret == "an AccessKey secret"
    settings.ENCRYPTION_KEYS = [old]
    with pytest.raises(SecretUnreadableError):
        _ = account.secret


def test_a_role_gives_its_permissions_and_takes_the_others(officer: User) -> None:
    call_command("people", officer.username, role="administrator", stdout=StringIO())
    assert User.objects.get(pk=officer.pk).has_perms(
        ["dashboard.generate_report", "dashboard.change_account"]
    )
    call_command("people", officer.username, role="auditor", stdout=StringIO())
    assert not User.objects.get(pk=officer.pk).get_all_permissions()


def test_an_administrator_opens_the_pages_of_accounts(
    client: Client, officer: User, account: Account
) -> None:
    call_command("people", officer.username, role="administrator", stdout=StringIO())
    client.force_login(officer)
    for path in ("/accounts/", "/accounts/add/", f"/accounts/{account.pk}/"):
        assert client.get(path).status_code == 200, path


def test_users_of_earlier_versions_get_what_their_roles_have_now(
    officer: User, auditor: User
) -> None:
    call_command("people", officer.username, role="administrator", stdout=StringIO())
    added = Permission.objects.filter(codename__in=("change_pack", "view_account"))
    officer.user_permissions.remove(*added)
    migration = import_module("dashboard.migrations.0020_permissions_of_roles")
    migration.add_permissions(apps, None)
    out = StringIO()
    call_command("people", stdout=out)
    assert out.getvalue().splitlines() == ["auditor: auditor", "officer: administrator"]


def test_the_list_of_people_tells_each_ones_role(officer: User, auditor: User) -> None:
    out = StringIO()
    call_command("people", stdout=out)
    assert out.getvalue().splitlines() == ["auditor: auditor", "officer: operator"]


def test_having_packs_evaluated_is_a_permission_that_no_role_includes(officer: User) -> None:
    permission = "dashboard.evaluate_pack"
    call_command("people", officer.username, role="administrator", stdout=StringIO())
    assert not User.objects.get(pk=officer.pk).has_perm(permission)
    out = StringIO()
    call_command("people", officer.username, role="operator", evaluate=True, stdout=out)
    assert out.getvalue() == "officer: operator, may evaluate packs\n"
    assert User.objects.get(pk=officer.pk).has_perm(permission)
    call_command("people", officer.username, role="operator", stdout=StringIO())
    assert not User.objects.get(pk=officer.pk).has_perm(permission)
