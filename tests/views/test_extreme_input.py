"""No value in an address or a form, however extreme, gives an error of the program."""

import datetime as dt
import inspect
import itertools
import re

import pytest
from django import forms
from django.contrib.auth.models import User
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from dashboard import urls
from dashboard.comparison import comparison_filter
from dashboard.models import ImportBatch, ImportedFile, Pack
from dashboard.queries import filters
from dashboard.views import forms as view_forms
from tests import sample_files
from tests.views.pages import get_page
from tests.views.report_files import FRIDAY, import_report_bytes

NUMBERS = ("9223372036854775808", "9" * 5_000)
TEXTS = ("-1", "²", "a\0b", "😀" * 500)
DATES = ("0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59")
EXTREME_VALUES = (*NUMBERS, *TEXTS, *DATES)
# The names of parameters that views read without a form.
PLAIN_NAMES = {"a", "b", "next", "page", "report", "sheet", "show", "what"}
PATTERNS = [
    pattern
    for pattern in urls.urlpatterns
    if isinstance(pattern, URLPattern) and pattern.name != "logout"
]
Arguments = dict[str, int | str]


def list_parameter_names() -> list[str]:
    """Return the names of all fields of all forms, and of the other parameters."""
    names = set(PLAIN_NAMES)
    for module in (view_forms, filters, comparison_filter):
        for _name, item in inspect.getmembers(module, inspect.isclass):
            if issubclass(item, forms.Form | forms.ModelForm):
                names |= item.base_fields.keys()
    return sorted(names)


@pytest.fixture
def browser(db: None) -> Client:
    """The browser of a user who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("chief", password="chief"))
    return client


@pytest.fixture
def arguments(pack: Pack) -> Arguments:
    """Arguments that lead to pages with content, by name."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    older, newer = (
        import_report_bytes(pack, sample_files.build_xls(sheets), at=FRIDAY + dt.timedelta(day))
        for day in range(2)
    )
    return {
        "account": pack.account_id,
        "pack": pack.pk,
        "pack_id": pack.pk,
        "older": older.pk,
        "newer": newer.pk,
        "report": newer.pk,
        "report_id": newer.pk,
        "rule": newer.rule_results.values_list("rule", flat=True)[0],
        "rule_id": newer.rule_results.values_list("rule", flat=True)[0],
        "key": 1,
        "number": 0,
        "kind": "csv",
    }


def build_address(pattern: URLPattern, arguments: Arguments) -> str:
    """Return the address of a page; `pk` is that of the object which the pattern's name names."""
    assert pattern.name
    pk = arguments.get(pattern.name.partition("-")[0], 1)
    values = {**arguments, "pk": pk}
    return reverse(pattern.name, kwargs={name: values[name] for name in pattern.pattern.converters})


def is_error(response: HttpResponseBase) -> bool:
    """Read a response, which may be a file; return whether it says that the program failed."""
    if isinstance(response, StreamingHttpResponse):
        response.getvalue()  # the test client closes what was read
    return response.status_code >= 500


def test_no_parameter_of_any_page_gives_an_error(arguments: Arguments, browser: Client) -> None:
    names = list_parameter_names()
    for pattern, first in itertools.product(PATTERNS, range(len(EXTREME_VALUES))):
        address = build_address(pattern, arguments)
        # Each name gets each value once, so that no refused value hides another one for good.
        values = itertools.cycle(EXTREME_VALUES[first:] + EXTREME_VALUES[:first])
        data = dict(zip(names, values, strict=False))
        assert not is_error(browser.get(address, data)), (address, data)


def test_no_field_of_any_form_gives_an_error(arguments: Arguments, browser: Client) -> None:
    for pattern, value in itertools.product(PATTERNS, EXTREME_VALUES):
        address = build_address(pattern, arguments)
        data = dict.fromkeys(list_parameter_names(), value)
        if "generate" not in address and "/reports/" not in f"{address}.":
            assert not is_error(browser.post(address, data)), (address, value)


def test_no_field_alone_gives_an_error(arguments: Arguments, browser: Client) -> None:
    # A field of a form that is refused for another field may never be looked at.
    for pattern, name, value in itertools.product(PATTERNS, sorted(PLAIN_NAMES), TEXTS):
        address = build_address(pattern, arguments)
        if "generate" not in address and "/reports/" not in f"{address}.":
            assert not is_error(browser.post(address, {name: value})), (address, name, value)


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


def test_no_number_in_an_address_gives_an_error(arguments: Arguments, browser: Client) -> None:
    for pattern, value in itertools.product(PATTERNS, NUMBERS):
        address = build_address(pattern, arguments)
        for number in set(re.findall(r"(?<=/)\d+(?=/)", address)):
            changed = address.replace(f"/{number}/", f"/{value}/")
            assert not is_error(browser.get(changed)), changed
            assert not is_error(browser.post(changed)), changed


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
