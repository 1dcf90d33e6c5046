"""Addresses, pages and files of comparisons, for tests."""

import json
from typing import Any

from django.test import Client

from dashboard.models import Report


def comparison_path(older: Report, newer: Report) -> str:
    return f"/packs/{newer.pack_id}/compare/{older.pk}/{newer.pk}/"


def load_page(reader: Client, path: str) -> str:
    return reader.get(path).content.decode()


def download(reader: Client, path: str) -> bytes:
    return reader.get(path).getvalue()


def download_json(reader: Client, path: str) -> Any:
    return json.loads(download(reader, path))


def count_rows(page: str) -> int:
    return page.count('<th scope="row">')
