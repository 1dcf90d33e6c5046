"""Pages as the tests read them."""

from django.test import Client


def get_page(client: Client, path: str) -> str:
    """Return the HTML of a page, each run of white space as one space."""
    return " ".join(client.get(path).content.decode().split())
