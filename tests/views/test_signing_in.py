"""Signing in, preferences and the frame round every page."""

import datetime as dt
import io
import zoneinfo
from typing import Any
from unittest.mock import Mock

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from dashboard.models import Preference
from dashboard.text.time_zones import load_zone_names
from dashboard.views.client_address import get_client_address, get_lock_address
from dashboard.views.failures import show_failure

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> User:
    return User.objects.create_user("member", password="a long enough word")


def test_a_page_asks_for_the_sign_in_and_comes_back(client: Client, member: User) -> None:
    asked = client.get("/preferences/?x=1")
    assert asked.status_code == 200
    assert client.get("/?show=new")["Location"] == "/accounts/login/?next=/%3Fshow%3Dnew"
    answer = client.post(
        "/accounts/login/",
        {"username": "member", "password": "a long enough word", "next": "/?show=new"},
    )
    assert answer["Location"] == "/?show=new"


def test_a_wrong_password_is_refused_in_words(client: Client, member: User) -> None:
    answer = client.post("/accounts/login/", {"username": "member", "password": "wrong"})
    assert "Please enter a correct username and password" in answer.content.decode()


def test_a_page_whose_sign_in_ran_out_stays_open_and_says_so(client: Client, member: User) -> None:
    client.force_login(member)
    page = client.get("/").content.decode()
    assert "You are signed out." in page[page.index('id="signed-out"') :]
    answer = Client().get("/status/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "signed-out" in answer["HX-Trigger"]
    assert "HX-Refresh" not in answer


def test_preferences_are_kept_over_sign_in(client: Client, member: User) -> None:
    client.force_login(member)
    client.post("/preferences/", {"language": "zh-hans", "zone": "Europe/Berlin", "theme": "dark"})
    fresh = Client()
    fresh.post("/accounts/login/", {"username": "member", "password": "a long enough word"})
    page = fresh.get("/preferences/").content.decode()
    assert '<html lang="zh-hans" data-theme="dark">' in page
    assert "时区：Europe/Berlin</p>" in page


def test_a_switch_changes_one_preference_and_returns_to_the_page(
    client: Client, member: User
) -> None:
    Preference.objects.create(user=member, zone="Asia/Tokyo", language="en")
    client.post("/accounts/login/", {"username": "member", "password": "a long enough word"})
    answer = client.post("/preferences/", {"theme": "light", "next": "/?show=never"})
    assert answer["Location"] == "/?show=never"
    kept = Preference.objects.get(user=member)
    assert (kept.theme, kept.zone, kept.language) == ("light", "Asia/Tokyo", "en")


def test_a_switch_works_before_the_sign_in(client: Client) -> None:
    client.post("/preferences/", {"language": "zh-hans", "next": "/accounts/login/"})
    assert '<html lang="zh-hans"' in client.get("/accounts/login/").content.decode()


def test_the_sign_in_page_speaks_the_language_that_was_last_chosen(
    client: Client, member: User
) -> None:
    client.force_login(member)
    client.post("/preferences/", {"language": "zh-hans"})
    client.post("/accounts/logout/")
    assert '<html lang="zh-hans"' in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    "goal", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"]
)
def test_a_switch_leads_to_no_other_site(client: Client, goal: str) -> None:
    assert (
        client.post("/preferences/", {"theme": "dark", "next": goal})["Location"] == "/preferences/"
    )


@pytest.mark.parametrize(
    "wrong", [{"zone": "Mars/Olympus"}, {"language": "xx"}, {"theme": "<script>"}]
)
def test_an_unknown_preference_is_refused(client: Client, wrong: dict[str, str]) -> None:
    assert client.post("/preferences/", wrong).status_code == 422
    assert client.get("/accounts/login/").status_code == 200


def test_signing_out_takes_a_post(client: Client, member: User) -> None:
    client.force_login(member)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"


def test_a_page_has_no_inline_script_or_style(client: Client) -> None:
    page = client.get("/accounts/login/")
    text = page.content.decode()
    assert "<style" not in text
    assert " style=" not in text
    assert "hx-on" not in text
    assert all("src=" in tag for tag in text.split("<script")[1:])
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_a_private_page_is_kept_by_no_cache(client: Client, member: User) -> None:
    client.force_login(member)
    assert client.get("/")["Cache-Control"] == "no-store"


def test_an_address_with_nothing_at_it_says_what_to_do(client: Client, member: User) -> None:
    client.force_login(member)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_a_form_without_its_token_says_what_to_do(member: User) -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "member"})
    assert answer.status_code == 403
    assert "This page has expired" in answer.content.decode()


def test_a_defect_says_what_to_do_even_where_nothing_else_works(client: Client) -> None:
    answer = show_failure(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()


@pytest.mark.parametrize("page", ["400", "403", "404", "500"])
def test_a_page_of_an_error_leads_back(page: str) -> None:
    assert '<a href="/">Go to the home page</a>' in render_to_string(f"{page}.html")


def sign_in(client: Client, password: str) -> tuple[int, str]:
    answer = client.post("/accounts/login/", {"username": "member", "password": password})
    return answer.status_code, answer.content.decode()


def test_wrong_passwords_lock_the_name_for_this_address_and_for_a_while(
    client: Client, member: User
) -> None:
    for _ in range(4):
        assert sign_in(client, "wrong")[0] == 200
    status, page = sign_in(client, "wrong")
    assert status == 429
    assert "Too many wrong passwords" in page
    assert sign_in(client, "a long enough word")[0] == 429
    assert sign_in(Client(REMOTE_ADDR="127.0.0.2"), "a long enough word")[0] == 302
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)
    assert sign_in(client, "a long enough word")[0] == 302


@pytest.mark.parametrize(
    ("seconds", "words"), [(1800, "30 minutes"), (61, "2 minutes"), (60, "1 minute ")]
)
def test_a_lock_says_how_long_it_holds(
    client: Client, member: User, settings: Settings, seconds: int, words: str
) -> None:
    settings.AXES_COOLOFF_TIME = dt.timedelta(seconds=seconds)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, "wrong")
    headers = {"x-requested-with": "XMLHttpRequest"}
    data = {"username": "member", "password": "wrong"}
    answer = client.post("/accounts/login/", data, headers=headers)
    assert f"locked for {words}" in answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (429, str(seconds))
    assert "Access-Control-Allow-Origin" not in answer


def test_another_way_to_write_a_name_is_no_other_name(client: Client, member: User) -> None:
    for name in ("member", " member", "ｍember", "member ", "mｅmber"):
        answer = client.post("/accounts/login/", {"username": name, "password": "wrong"})
    assert answer.status_code == 429
    assert sign_in(client, "a long enough word")[0] == 429


def test_a_name_longer_than_any_users_is_not_looked_for(client: Client) -> None:
    answer = client.post("/accounts/login/", {"username": "x" * 151, "password": "wrong"})
    assert "at most 150 characters" in answer.content.decode()
    assert not AccessAttempt.objects.exists()


def test_the_page_of_preferences_renders_few_templates(client: Client) -> None:
    assert len(client.get("/preferences/").templates) < 60  # there are 600 time zones


def test_many_names_from_one_address_lock_the_address(
    client: Client, member: User, settings: Settings
) -> None:
    settings.ADDRESS_FAILURE_LIMIT = 8
    for number in range(8):
        data = {"username": f"name {number}", "password": "Spring2026!"}
        assert client.post("/accounts/login/", data).status_code == 200
    status, page = sign_in(client, "a long enough word")
    assert status == 429
    assert "came from your address" in page
    assert sign_in(Client(REMOTE_ADDR="127.0.0.2"), "a long enough word")[0] == 302
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)
    assert sign_in(client, "a long enough word")[0] == 302


def test_all_addresses_of_an_ipv6_network_are_locked_together(member: User) -> None:
    for number in range(5):
        status, _page = sign_in(Client(REMOTE_ADDR=f"2001:db8:0:1::{number}:1"), "wrong")
    assert status == 429
    assert sign_in(Client(REMOTE_ADDR="2001:db8:0:1:ffff::9"), "a long enough word")[0] == 429
    assert sign_in(Client(REMOTE_ADDR="2001:db8:0:2::1"), "a long enough word")[0] == 302


def test_an_ipv4_address_written_as_ipv6_is_the_same(rf: RequestFactory) -> None:
    assert get_lock_address(rf.get("/", REMOTE_ADDR="::ffff:192.0.2.7")) == "192.0.2.7"
    assert get_lock_address(rf.get("/", REMOTE_ADDR="")) == ""


def test_behind_a_proxy_the_address_is_what_the_proxy_appended(
    rf: RequestFactory, settings: Settings
) -> None:
    headers = {"X-Forwarded-For": "10.0.0.9, 192.0.2.7"}
    settings.TLS = False
    assert get_client_address(rf.get("/", headers=headers)) == "127.0.0.1"
    settings.TLS = True
    assert get_client_address(rf.get("/", headers=headers)) == "192.0.2.7"


@pytest.mark.parametrize("header", ["unknown", "10.0.0.9, 192.0.2.7:5123", "fe80::1%eth0", ","])
def test_a_header_that_ends_with_no_address_locks_the_sender_of_the_request(
    header: str, client: Client, member: User, settings: Settings
) -> None:
    settings.TLS = True
    headers = {"X-Forwarded-For": header, "X-Forwarded-Proto": "https"}
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post(
            "/accounts/login/", {"username": "member", "password": "wrong"}, headers=headers
        )
    assert answer.status_code == 429
    assert AccessAttempt.objects.get().ip_address == "127.0.0.1"


def test_the_names_of_the_time_zones_are_loaded_once_for_all_requests(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_zone_names.cache_clear()
    load = Mock(wraps=zoneinfo.available_timezones)
    monkeypatch.setattr(zoneinfo, "available_timezones", load)
    for _ in range(3):
        client.get("/accounts/login/")
    load.assert_called_once()


def test_one_changes_ones_own_password(client: Client, member: User) -> None:
    client.force_login(member)
    assert "/accounts/password/" in client.get("/preferences/").content.decode()
    new = "another long enough word"
    wrong = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    assert client.post("/accounts/password/", wrong).status_code == 200
    answer = client.post("/accounts/password/", wrong | {"old_password": "a long enough word"})
    assert answer["Location"] == "/preferences/"
    assert "Your password was changed" in client.get("/preferences/").content.decode()
    assert sign_in(Client(), new)[0] == 302


def test_a_visitor_leaves_no_session(client: Client) -> None:
    client.get("/accounts/login/")
    client.post("/preferences/", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()
    assert not Session.objects.exists()


class UnreadableBody(io.BytesIO):
    def read(self, _size: int | None = -1) -> bytes:
        raise AssertionError


@pytest.mark.parametrize(
    ("name", "path"), [("", "/accounts/login/"), ("auditor", "/imports/"), ("officer", "/search/")]
)
def test_a_large_body_is_refused_before_it_is_read_where_no_files_are_sent(
    client: Client, auditor: User, officer: User, name: str, path: str
) -> None:
    if name:
        client.force_login(User.objects.get(username=name))
    environ: dict[str, Any] = {
        "wsgi.input": UnreadableBody(),
        "CONTENT_LENGTH": str(150 * 2**20),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    answer = client.post(path, **environ)
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


@pytest.mark.parametrize("cookie", ["Mars/Olympus", "../etc/passwd", "x" * 3000])
def test_a_cookie_with_an_unknown_zone_is_passed_over(client: Client, cookie: str) -> None:
    client.cookies["ledger_zone"] = cookie
    assert client.get("/accounts/login/").status_code == 200


def test_the_browser_is_told_what_the_pages_never_use(client: Client) -> None:
    assert "camera=()" in client.get("/accounts/login/")["Permissions-Policy"]
