"""No request, however hostile, gives an error of the program or a traceback in the log."""

import datetime as dt
import itertools
import logging
import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from dashboard.management.commands.people import PERMISSIONS_BY_ROLE
from dashboard.models import BulkRequest, ImportBatch, ImportedFile, Pack, RequestedPack
from tests import sample_files
from tests.views.hostile_requests import (
    FORM_TYPE,
    PATTERNS,
    Arguments,
    HostileGuest,
    LogLines,
    build_address,
    list_parameter_names,
)
from tests.views.report_files import FRIDAY, import_report_bytes

NUMBERS = ("-1", "0", str(2**63), "9" * 5_000, "1e400", "%C2%B2")
DATES = ("0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59")
TEXTS = (
    *("", "a%00b", "x" * 20_000, "a%20" * 100, "%F0%9F%98%80" * 500, "AND%20OR%20%22%28*"),
    "%ED%A0%80%ff%fe%zz%25_%5C%27%22%3C%3E%0d%0aSet-Cookie:%20b%",
)
VALUES = (*NUMBERS, *DATES, *TEXTS)
NAMES = list_parameter_names()
SIGN_IN = "/accounts/login/?next=%00%ff"
IDS = ("0", str(2**63 - 1), str(2**63), "9" * 5_000, "-1", "%D9%A1", "%00%ff", "1%0a", "")
METHODS = ("PUT", "OPTIONS", "DELETE", "NO\xffSUCH")
# The web server refuses a header with a NUL.
BAD_TEXTS = ("", "\x01\xff\xfe", "x" * 20_000, "a, b;=,\"'[%00%ff", "0")
HEADERS = (
    *("ACCEPT", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "AUTHORIZATION", "FORWARDED", "HOST"),
    *("HX_BOOSTED", "HX_CURRENT_URL", "HX_HISTORY_RESTORE_REQUEST", "HX_PROMPT", "HX_REQUEST"),
    *("HX_TARGET", "HX_TRIGGER", "IF_MODIFIED_SINCE", "IF_NONE_MATCH", "ORIGIN", "RANGE"),
    *("REFERER", "TRANSFER_ENCODING", "USER_AGENT", "X_CSRFTOKEN", "X_FORWARDED_FOR"),
    *("X_FORWARDED_HOST", "X_FORWARDED_PROTO", "X_REQUESTED_WITH"),
)
HEADER_VALUES: tuple[dict[str, str], ...] = (
    *({f"HTTP_{name}": text} for name, text in itertools.product(HEADERS, BAD_TEXTS)),
    *({"HTTP_HX_CURRENT_URL": text, "HTTP_HX_REQUEST": "true"} for text in ("http://[", "//")),
    *({"HTTP_ORIGIN": text} for text in ("null", "http://[", "http://testserver:x", "file://")),
    *({"HTTP_ACCEPT_LANGUAGE": text} for text in ("zh;q=9", "*", "a-" * 300, "zh-hans;q=nan")),
    *({"HTTP_RANGE": text} for text in ("bytes=-", "bytes=9-1", "bytes=" + "0-1," * 999)),
    *({"HTTP_HOST": text} for text in ("a:b:c", "[::", "testserver:99999999", "x" * 300)),
    *({"CONTENT_LENGTH": text} for text in ("", "9" * 4_000)),  # others the server refuses
)
COOKIES = ("ledger_session", "csrftoken", "ledger_language", "ledger_zone", "ledger_theme")
COOKIE_VALUES = (
    *("", '"\\000\\000\\000\\000\\000\\000\\000\\000"', '"\\777"', "\xff" * 40, "a" * 9_000),
    *("signed:", "signed:a:b:c", "signed:.eJw:1:x", "../../etc/passwd", "%00%00", "a:b;c"),
)
CHARSETS = ("hex", "unicode_escape", "idna", "undefined", "rot13", "utf-16", "utf-7", "x\x00")
CONTENT_TYPES = (
    *(f"{kind}; charset={name}" for kind in (FORM_TYPE, "text/plain") for name in CHARSETS),
    *(
        "a; b*=foo'en'bar",
        "a; charset*=idna'en'%ff",
        "multipart/form-data",
        "\xff",
        ";;;=",
        "a" * 9_000,
    ),
    *("multipart/form-data; boundary=", 'multipart/form-data; boundary="\xff"'),
    *("multipart/form-data; boundary=" + "x" * 300, "application/json", "text/xml"),
)
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.xls"\r\n'
BODIES = {
    FORM_TYPE: (
        *(b"\x00", b"\xff=\xff", b"&" * 2_000, b"a=1&" * 1_001, b"=" * 9, b"q=" + b"x" * 3_000_000),
        *(b"%", b"a[b][c]=1", b"{}", b"csrfmiddlewaretoken=\xff"),
    ),
    "application/json": (b"{", b"[" * 9_000, b"\xff"),
    "multipart/form-data; boundary=x": (
        *(b"", b"--x", b"--x--", b"--x\r\n\r\n", b"--y\r\n\r\na\r\n--y--", PART, PART * 1_001),
        PART + b"\r\nabc",  # without an end
        PART + b"Content-Transfer-Encoding: base64\r\n\r\n!!\r\n--x--\r\n",
        PART + b"Content-Type: a; charset*=no'en'a\r\n\r\na\r\n--x--\r\n",
        PART + b"Content-Length: 9e9\r\n\r\na\r\n--x--\r\n",
        PART.replace(b'"a.xls"', b'"a\x00\xff\\..\\b"') + b"\r\na\r\n--x--\r\n",
        PART.replace(b'="a.xls"', b"*=unicode_escape'en'%5Cud800") + b"\r\na\r\n--x--\r\n",
        PART.replace(b'="a.xls"', b"*=no'en'a") + b"\r\na\r\n--x--\r\n",
        PART.replace(b'"a.xls"', b'"' + b"x" * 3_000 + b'"') + b"\r\na\r\n--x--\r\n",
        PART.replace(b'; filename="a.xls"', b"") + b"\r\na\r\n--x--\r\n",
        PART.replace(b'name="files"', b"name*=hex'en'aa") + b"\r\na\r\n--x--\r\n",
    ),
}


@pytest.fixture(autouse=True)
def keep_connection() -> Iterator[None]:
    """Keep the connection to the database, and with it the test's transaction, after a request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> LogLines:
    """The lines of the log that tell of an error of the program; no others are written."""
    handler = LogLines()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    return handler


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong with the requests of a test, which fails at its end if anything did."""
    faults: list[str] = []
    yield faults
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:30])


@pytest.fixture
def guests(log_lines: LogLines, faults: list[str], db: None) -> dict[str, HostileGuest]:
    """A guest without a session, one of each role, and one who may do everything."""
    guests = {"anonymous": HostileGuest(log_lines, faults)}
    for role, permissions in {**PERMISSIONS_BY_ROLE, "superuser": ()}.items():
        user = User.objects.create_user(role, is_superuser=role == "superuser")
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user)
        guests[role] = HostileGuest(log_lines, faults, client)
    return guests


@pytest.fixture
def chief(guests: dict[str, HostileGuest]) -> HostileGuest:
    return guests["superuser"]


@pytest.fixture
def arguments(pack: Pack) -> Arguments:
    """Arguments that lead to pages with content, by name or by the beginning of a page's name."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    older, newer = (
        import_report_bytes(pack, sample_files.build_xls(sheets), at=FRIDAY + dt.timedelta(day))
        for day in range(2)
    )
    batch = ImportBatch.objects.create()
    file = ImportedFile.objects.create(batch=batch, name="a.xls", state=ImportedFile.State.ASKING)
    bulk_request = BulkRequest.objects.create()
    RequestedPack.objects.create(bulk_request=bulk_request, pack=pack)
    rule = newer.rule_results.values_list("rule", flat=True)[0]
    return {
        "account": pack.account_id,
        "home": pack.account_id,
        "pack": pack.pk,
        "pack_id": pack.pk,
        "older": older.pk,
        "newer": newer.pk,
        "report": newer.pk,
        "report_id": newer.pk,
        "rule": rule,
        "rule_id": rule,
        "key": 1,
        "number": 0,
        "kind": "csv",
        "bulk": bulk_request.pk,
        "import-detail": batch.pk,
        "import": file.pk,
    }


def build_query(address: str, number: int) -> str:
    """Return a query for a page in which each name has another value, some have two, some none.

    With each number below that of the values, each name gets each value once.
    """
    names = NAMES
    if file := re.match("/imports/files/([0-9]+)/", address):
        names = [f"file-{file[1]}-{name}" for name in NAMES]
    pairs = []
    for place, name in enumerate(names):
        value = VALUES[(number + place) % len(VALUES)]
        if (number + place // len(VALUES)) % 5 != 4:
            pairs.append(f"{name}={value}")
        if value == "0":
            pairs.append(f"{name}=1&{name}[]=2")
    return "&".join(pairs)


def list_numbered_requests(arguments: Arguments) -> Iterator[tuple[int, str]]:
    """Yield the number of a query, and an address; half of all queries for each page.

    The other half is for the next page: pages with the same parameters read them by one form.
    """
    for place, pattern in enumerate(PATTERNS):
        for number in range(place % 2, len(VALUES), 2):
            yield number, build_address(pattern, arguments)


def test_no_value_of_a_parameter_gives_an_error(arguments: Arguments, chief: HostileGuest) -> None:
    for number, address in list_numbered_requests(arguments):
        headers = {"HTTP_HX_REQUEST": "true"} if number % 4 > 1 else {}
        chief.send("GET", f"{address}?{build_query(address, number)}", headers=headers)


def test_no_value_of_a_field_gives_an_error(arguments: Arguments, chief: HostileGuest) -> None:
    for number, address in list_numbered_requests(arguments):
        chief.send("POST", address, build_query(address, number).encode())


def test_no_role_meets_an_error(arguments: Arguments, guests: dict[str, HostileGuest]) -> None:
    del guests["superuser"]
    for first, (pattern, guest) in enumerate(itertools.product(PATTERNS, guests.values())):
        address = build_address(pattern, arguments)
        query = build_query(address, first)
        guest.send("GET", f"{address}?{query}")
        guest.send("POST", address, query.encode())


def test_no_argument_in_an_address_gives_an_error(
    arguments: Arguments, chief: HostileGuest
) -> None:
    for pattern, value in itertools.product(PATTERNS, IDS):
        address = build_address(pattern, arguments)
        for argument in re.finditer(r"(?<=[/.])(\d+|csv)(?=/|$)", address):
            changed = address[: argument.start()] + value + address[argument.end() :]
            chief.send("GET", changed)
            if value in IDS[:2]:
                chief.send("POST", changed)


def test_only_known_methods_are_answered(
    arguments: Arguments, guests: dict[str, HostileGuest]
) -> None:
    roles = itertools.cycle(("superuser", "anonymous"))
    for pattern, method in itertools.product(PATTERNS, METHODS):
        address = build_address(pattern, arguments)
        assert guests[next(roles)].send(method, address) == 405, (method, address)
        guests["superuser"].send("HEAD", address)


def test_no_header_gives_an_error(guests: dict[str, HostileGuest]) -> None:
    for headers in HEADER_VALUES:
        guests["auditor"].send("GET", "/", headers=headers)
        guests["anonymous"].send("GET", "/nowhere", headers=headers)
        guests["anonymous"].send("POST", SIGN_IN, b"username=a&password=b", headers)


def test_no_cookie_gives_an_error(guests: dict[str, HostileGuest]) -> None:
    for name, value in itertools.product(COOKIES, COOKIE_VALUES):
        for target, method in itertools.product(("/", "/preferences/"), ("GET", "POST")):
            headers = {"HTTP_COOKIE": f"{name}={value}"}
            guests["anonymous"].send(method, target, headers=headers)


def test_no_body_gives_an_error(guests: dict[str, HostileGuest]) -> None:
    pages = (
        "/imports/",
        "/accounts/login/",
        "/preferences/",
        "/accounts/add/",
        "/reports/generate/",
    )
    for role, page in itertools.product(("anonymous", "superuser"), pages):
        for content_type, bodies in BODIES.items():
            for body in bodies:
                guests[role].send("POST", page, body, {"CONTENT_TYPE": content_type})


def test_no_content_type_gives_an_error(guests: dict[str, HostileGuest]) -> None:
    for content_type, role in itertools.product(CONTENT_TYPES, ("anonymous", "superuser")):
        headers = {"CONTENT_TYPE": content_type}
        guests[role].send("GET", "/search/?q=%5Cud800%5C0", headers=headers)
        guests[role].send("GET", "/accounts/login/?next=%5Cud800", headers=headers)
        guests[role].send("POST", "/accounts/login/", b"username=%5Cud800&password=a", headers)
