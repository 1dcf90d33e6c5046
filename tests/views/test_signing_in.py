"""Signing in, preferences and the frame round every page."""

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from dashboard.models import Preference

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
    assert "Europe/Berlin</span>" in page


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
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()


@pytest.mark.parametrize("page", ["400", "403", "404", "500"])
def test_a_page_of_an_error_leads_back(page: str) -> None:
    assert '<a href="/">Go to the home page</a>' in render_to_string(f"{page}.html")
