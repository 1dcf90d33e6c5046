"""A request that a proxy in front of the site has changed is refused with the cause."""

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://ledger.example.com"},
        {"referer": "https://ledger.example.com/accounts/login/", "x-forwarded-proto": "https"},
    ],
)
def test_an_address_that_the_proxy_has_changed_is_told(
    client: Client, settings: Settings, headers: dict[str, str], db: None
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    strict = Client(enforce_csrf_checks=True)
    strict.get("/accounts/login/", headers=headers)
    response = strict.post("/accounts/login/", {"username": "member"}, headers=headers)
    page = response.content.decode()
    assert response.status_code == 403
    assert "CSRF_TRUSTED_ORIGINS" in page
    assert "ledger.example.com" in page


def test_a_page_that_has_expired_says_nothing_of_a_proxy(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "member"})
    assert response.status_code == 403
    assert "CSRF_TRUSTED_ORIGINS" not in response.content.decode()


def test_a_host_that_is_not_allowed_is_told(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["ledger.example.com"]
    response = client.get("/accounts/login/", headers={"host": "10.0.0.7"})
    assert response.status_code == 400
    assert "ALLOWED_HOSTS" in response.content.decode()
