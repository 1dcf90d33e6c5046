"""No secret that a form brings is shown, logged, or stored with a sign-in that failed."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

PASSWORD, KEY_SECRET = "Pa55-of-a-user-long", "Secr3t-of-an-access-key"
ACCOUNT = {
    "name": "Production",
    "uid": "1000000000000001",
    "site": "china",
    "access_key_id": "LTAI-of-a-key",
    "secret": KEY_SECRET,
}
LOGGED_FAULTS = {
    "/accounts/login/": ("axes_accessattempt", {"username": "chief", "password": PASSWORD}),
    "/accounts/add/": ("dashboard_account", ACCOUNT),
}


@pytest.fixture
def browser(db: None) -> Client:
    """The browser of an administrator, which sends the token of the forms."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(User.objects.create_superuser("chief", password=PASSWORD))
    browser.get("/preferences/")
    browser.defaults["HTTP_X_CSRFTOKEN"] = browser.cookies["csrftoken"].value
    return browser


@contextmanager
def rename_table(name: str) -> Iterator[None]:
    """Let every query of a table fail, as a defect would."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {name} RENAME TO away")
        yield
        transaction.set_rollback(True)


def list_secrets(browser: Client) -> list[str]:
    tokens = (browser.cookies[name].value for name in ("ledger_session", "csrftoken"))
    return [PASSWORD, KEY_SECRET, *tokens]


@pytest.mark.parametrize("path", LOGGED_FAULTS)
def test_a_defect_shows_no_secret_of_the_form(
    path: str, browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = list_secrets(browser)
    table, data = LOGGED_FAULTS[path]
    with rename_table(table):
        answer = browser.post(path, data)
    assert answer.status_code >= 500
    assert "Traceback" in caplog.text
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in answer.content.decode()


def test_of_a_wrong_password_nothing_is_stored_but_the_name(browser: Client) -> None:
    secrets = list_secrets(browser)
    data = {
        "username": "chief",
        "password": f"wr0ng-{PASSWORD}",
        "csrfmiddlewaretoken": browser.cookies["csrftoken"].value,
    }
    page = browser.post("/accounts/login/?next=/", data)
    stored = json.dumps(list(AccessAttempt.objects.values()), default=str)
    assert "chief" in stored
    for secret in secrets:
        assert secret not in stored
        assert secret not in page.content.decode()


@pytest.mark.parametrize("new", ["short", "12345678901", "another-long-one"])
def test_a_refused_new_password_is_not_sent_back(browser: Client, new: str) -> None:
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new + "x"}
    answer = browser.post("/accounts/password/", data)
    assert answer.status_code == 200
    assert PASSWORD not in answer.content.decode()
    assert f'"{new}' not in answer.content.decode()
