"""A client that has signed in to the measured site, as a browser does."""

import httpx

BENCH_USERNAME = BENCH_PASSWORD = "bench"
LOGIN_PATH = "/accounts/login/"


def open_site_client(port: int) -> httpx.Client:
    """Return a client of the site on this port, signed in. It keeps its connection."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    client.get(LOGIN_PATH)
    form = {
        "username": BENCH_USERNAME,
        "password": BENCH_PASSWORD,
        "csrfmiddlewaretoken": client.cookies["csrftoken"],
    }
    if client.post(LOGIN_PATH, data=form).status_code != 302:
        raise SystemExit("the sign-in was refused")
    return client
