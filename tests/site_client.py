"""A browser without a screen for a site that runs: signs in and sends forms with their token."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from dashboard.management import demo_data


@contextmanager
def sign_in(url: str) -> Iterator[httpx.Client]:
    """Sign in to the site at this address as the user of the demo."""
    with httpx.Client(base_url=url, timeout=60) as browser:
        browser.headers["Referer"] = f"{url}/"
        answer = post_form(
            browser, "/accounts/login/", username=demo_data.NAME, password=demo_data.PASSWORD
        )
        assert answer.status_code == 302, answer.text
        yield browser


def post_form(browser: httpx.Client, path: str, files: Any = None, **fields: str) -> httpx.Response:
    """Post a form with the token that the last page has put into the cookie, or a new one."""
    if "csrftoken" not in browser.cookies:
        browser.get("/preferences/")
    page = browser.get("/accounts/login/").text
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    return browser.post(path, data={"csrfmiddlewaretoken": token[1], **fields}, files=files)
