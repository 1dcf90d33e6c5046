"""No value in an address or a form, however extreme, gives an error of the program."""

import itertools

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client

from dashboard.models import ImportBatch, ImportedFile, Pack
from dashboard.views import forms as view_forms
from tests import sample_files
from tests.views.pages import get_page
from tests.views.report_files import import_report_bytes

NUMBERS = ("9223372036854775808", "9" * 5_000)
TEXTS = ("-1", "²", "a\0b", "😀" * 500)
DATES = ("0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59")
EXTREME_VALUES = (*NUMBERS, *TEXTS, *DATES)


@pytest.fixture
def browser(db: None) -> Client:
    """The browser of a user who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("chief", password="chief"))
    return client


def is_error(response: HttpResponseBase) -> bool:
    """Read a response, which may be a file; return whether it says that the program failed."""
    if isinstance(response, StreamingHttpResponse):
        response.getvalue()  # the test client closes what was read
    return response.status_code >= 500


@pytest.mark.parametrize("path", ["foo", "*))\0nosuchvalue", "//example.com/", "/\\example.com"])
def test_preferences_lead_back_only_to_a_path_of_this_site(client: Client, path: str) -> None:
    response = client.post("/preferences/", {"theme": "dark", "next": path})
    assert response["Location"] == "/preferences/"


def test_no_answer_about_an_imported_file_gives_an_error(browser: Client, pack: Pack) -> None:
    batch = ImportBatch.objects.create()
    file = ImportedFile.objects.create(batch=batch, name="a.xls", state=ImportedFile.State.ASKING)
    choices: list[dict[str, str]] = [{"known_pack": str(pack.pk)}, {}]
    for chosen, value in itertools.product(choices, EXTREME_VALUES):
        data = dict.fromkeys(view_forms.IdentityForm.base_fields, value) | chosen
        prefixed = {f"file-{file.pk}-{name}": text for name, text in data.items()}
        assert not is_error(browser.post(f"/imports/files/{file.pk}/", prefixed)), value


def test_a_date_at_its_limit_selects_what_it_says(pack: Pack, browser: Client) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    selections = {
        "until=9999-12-31": True,
        "since=0001-01-01": True,
        "since=9999-12-31": False,
        "until=0001-01-01": False,
    }
    for path in ("/reports/", f"/packs/{pack.pk}/"):
        for query, is_listed in selections.items():
            page = get_page(browser, f"{path}?{query}")
            assert (f'id="{report.pk}"' in page) is is_listed, query
    page = get_page(browser, f"/packs/{pack.pk}/?as_of=0001-01-01")
    assert "there was no report of this pack" in page
