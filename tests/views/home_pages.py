"""A company for tests of home, and what a page of home shows."""

import re
from collections import Counter

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.management.company_data import CompanyPlan, create_company
from dashboard.models import Pack

HTMX = {"HX-Request": "true"}
LABELS = ("Failing", "High", "Medium", "Low")


def make_company(packs: int, packs_per_account: int) -> list[Pack]:
    plan = CompanyPlan(packs, timezone.now(), packs_per_account, weeks=3, rows=30)
    return create_company(plan)


@pytest.fixture
def company(db: None) -> list[Pack]:
    """Forty packs in ten accounts."""
    return make_company(40, 4)


def get_text(client: Client, address: str = "/", *, htmx: bool = False) -> str:
    answer = client.get(address, headers=HTMX if htmx else {})
    assert answer.status_code == 200
    return answer.content.decode()


def find_rows(page: str, kind: str) -> dict[int, str]:
    """Return the HTML of rows by id; `kind` is "line" or "pack"."""
    rows = re.findall(rf'(<tr id="{kind}-(\d+)".*?</tr>)', page, re.DOTALL)
    return {int(pk): html for html, pk in rows}


def read_counts(row: str) -> Counter[str]:
    """Return the counts that a row of home shows; a dash is none."""
    counts = Counter[str]()
    for label in LABELS:
        cell = re.search(rf'data-label="{label}">(.*?)</td>', row, re.DOTALL)
        number = re.search(r">\s*([\d,]+)\s*<", f">{cell[1]}<") if cell else None
        counts[label] = int(number[1].replace(",", "")) if number else 0
    for glyph, name in (("▲", "came"), ("▼", "left")):
        number = re.search(rf"{glyph} ([\d,]+)", row)
        counts[name] = int(number[1].replace(",", "")) if number else 0
    return counts
