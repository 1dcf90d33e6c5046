"""What does not fit between browser, proxy and site is named, and no odd request is an error."""

import pytest
from django.conf import settings as current_settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def post_form(client: Client, **headers: str) -> str:
    """Post the sign-in form with a valid token and these headers; return the refusal."""
    client.get("/accounts/login/")
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else ""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post("/accounts/login/", {"csrfmiddlewaretoken": token}, headers=names)
    assert answer.status_code == 403
    return answer.content.decode()


@pytest.fixture
def strict() -> Client:
    return Client(enforce_csrf_checks=True)


def test_a_proxy_that_hides_the_scheme_is_named(strict: Client) -> None:
    page = post_form(strict, Host="localhost", Origin="https://localhost")
    assert "Scheme: the browser used https, but the request arrived as http." in page
    assert "Host: the browser" not in page


def test_a_proxy_that_changes_the_host_is_named(strict: Client) -> None:
    page = post_form(strict, Host="127.0.0.1", Origin="http://ledger.example.com")
    assert "Host: the browser used ledger.example.com, but the request arrived for 127.0.0" in page
    assert "Scheme: the browser" not in page


def test_a_header_of_the_proxy_that_the_settings_do_not_expect_is_named(strict: Client) -> None:
    page = post_form(
        strict, Host="localhost", Origin="https://localhost", X_Forwarded_Proto="https"
    )
    assert "The proxy says X-Forwarded-Proto: https, but TLS is not True" in page


def test_a_missing_cookie_is_named_and_no_secret_is_shown() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["other"] = "secret-cookie"
    answer = client.post("/accounts/login/", {"password": "secret-word"})
    page = answer.content.decode()
    assert "Cookie: none arrived." in page
    assert "secret-" not in page


@pytest.mark.parametrize("origin", ["null", "http://[", "http://\u00e9", "x" * 5_000, "://"])
def test_a_strange_origin_is_refused_and_no_error(strict: Client, origin: str) -> None:
    assert "What arrived at the site" in post_form(strict, Origin=origin)


def test_the_menu_leads_administrators_to_what_arrives(client: Client, officer: User) -> None:
    client.force_login(officer)
    assert 'href="/connection/"' not in client.get("/").content.decode()
    permission = Permission.objects.get(codename="change_account")
    officer.user_permissions.add(permission)
    assert 'href="/connection/"' in client.get("/").content.decode()


def test_administrators_see_what_arrives(client: Client, settings: Settings) -> None:
    user = User.objects.create_user("member")
    client.force_login(user)
    assert client.get("/connection/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_account"))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    page = client.get("/connection/", headers=headers).content.decode()
    assert "192.0.2.7" in page
    assert "The proxy says X-Forwarded-Proto: https, but TLS is not True" in page
    settings.TLS = True
    assert (
        "Proxy and settings fit together."
        in client.get("/connection/", headers=headers).content.decode()
    )
    assert "no X-Forwarded-Proto arrived" in client.get("/connection/").content.decode()


@pytest.mark.parametrize(
    "value", ["x", "\x00", "'; --", "a" * 8_000, "\u00e4\u00b8\u00ad", '"\\000\\377"']
)
@pytest.mark.parametrize(
    "cookie",
    [
        current_settings.SESSION_COOKIE_NAME,
        current_settings.CSRF_COOKIE_NAME,
        current_settings.LANGUAGE_COOKIE_NAME,
        "ledger_zone",
        "ledger_theme",
    ],
)
def test_a_cookie_of_garbage_is_no_error(cookie: str, value: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Cookie": f"{cookie}={value}"})
    assert client.get("/accounts/login/").status_code == 200
    assert client.get("/").status_code == 302
    assert client.post("/accounts/login/", {}).status_code == 403


@pytest.mark.parametrize("is_signed_in", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        *("/%00", "/reports/%00/", "/accounts/login/%00", "/%ff%fe/", "/static/%00", "/static/%ff"),
        *("/static/" + "a" * 5_000, "/" + "a" * 5_000, "/static/..%2f..%2fetc/passwd"),
        *("/?q=%ff%fe", "/search/?q=%ff", "/search/?q=%00", "/reports/?show=%00&page=%ff"),
        *("/accounts/login/?next=%00", "/accounts/login/?next=%ff", "/preferences/?next=%00"),
    ],
)
def test_an_address_of_garbage_is_no_error(client: Client, path: str, is_signed_in: bool) -> None:
    if is_signed_in:
        client.force_login(User.objects.create_user("member"))
    client.raise_request_exception = False
    assert client.get(path).status_code < 500
    assert client.post(path, {"q": "x\x00"}).status_code < 500


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "Accept-Language"])
@pytest.mark.parametrize("value", ["\x00", "\u00ff", "," * 4_000, "a" * 8_000])
def test_a_header_of_garbage_is_no_error(client: Client, name: str, value: str) -> None:
    answer = client.get("/accounts/login/", headers={name: value})
    assert answer.status_code < 500


@pytest.mark.parametrize("length", ["x", "-1", "", "9" * 5_000, "\u00b2"])
def test_a_length_of_garbage_is_no_error(client: Client, length: str) -> None:
    client.raise_request_exception = False
    assert client.get("/accounts/login/", CONTENT_LENGTH=length).status_code < 500
