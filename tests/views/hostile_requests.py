"""Requests of an attacker, sent to the site as a web server passes them on."""

import inspect
import io
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment
from wsgiref.util import setup_testing_defaults

from django import forms
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse

from dashboard import urls
from dashboard.comparison import comparison_filter
from dashboard.queries import filters, home_filter
from dashboard.text.log_lines import LineFormatter
from dashboard.text.request_charset import read_as_utf8
from dashboard.views import forms as view_forms

application = read_as_utf8(get_wsgi_application())
Arguments = dict[str, int | str]
Headers = Mapping[str, str]
NO_HEADERS: Headers = {}
TOKEN = "t" * 32  # of a form: equal in the cookie and in the header
FORM_TYPE = "application/x-www-form-urlencoded"
PATTERNS = [pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)]
# How views read a parameter without a form.
READ_PARAMETER = re.compile(r'(?:GET|POST|FILES|query)(?:\.get|\.getlist)?[\[(]"(\w+)"')
ASKED_PARAMETER = re.compile(r'"(\w+)" in (?:request\.)?(?:GET|POST|query)\b')


def list_parameter_names() -> list[str]:
    """Return the names of all fields of all forms, and of the parameters that views read."""
    names = {"a", "b", "next", "username", "password", "old_password", "new_password1"}
    for module in (view_forms, filters, home_filter, comparison_filter):
        for _name, item in inspect.getmembers(module, inspect.isclass):
            if issubclass(item, forms.Form | forms.ModelForm):
                names |= item.base_fields.keys()
    for path in Path(str(view_forms.__file__)).parent.glob("*.py"):
        text = path.read_text()
        names.update(READ_PARAMETER.findall(text), ASKED_PARAMETER.findall(text))
    return sorted(names)


def build_address(pattern: URLPattern, arguments: Arguments) -> str:
    """Return the address of a page; `pk` is that of the object which the pattern's name names."""
    assert pattern.name
    pk = arguments.get(pattern.name, arguments.get(pattern.name.partition("-")[0], 1))
    values = {**arguments, "pk": pk}
    return reverse(pattern.name, kwargs={name: values[name] for name in pattern.pattern.converters})


class LogLines(logging.Handler):
    """Keep the lines of the log that tell of an error of the program or have a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(LineFormatter("%(levelname)s %(message)s"))
        self.bad_lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if line.startswith("ERROR") or "\n" in line:
            self.bad_lines.append(line[-300:])


class HostileGuest:
    """Send requests, undo what they changed, and collect what went wrong.

    Without a user it has no session.
    """

    def __init__(
        self, log_lines: LogLines, faults: list[str], client: Client | None = None
    ) -> None:
        self.log_lines = log_lines
        self.faults = faults
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value if client else ""
        self.session = f"; {settings.SESSION_COOKIE_NAME}={cookie}" if cookie else ""

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Headers = NO_HEADERS
    ) -> int:
        """Send a request and return the status of its answer; `target` is path and query."""
        path, _, query = target.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "HTTP_HOST": "testserver",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": FORM_TYPE if body else "",
            "wsgi.input": io.BytesIO(body),
            "HTTP_COOKIE": f"csrftoken={TOKEN}{self.session}",
            "HTTP_X_CSRFTOKEN": TOKEN,
        }
        setup_testing_defaults(environ)
        environ |= headers
        with undo_changes():
            status = self.get_status(environ)
        if status >= 500 or self.log_lines.bad_lines:
            lines = " | ".join(self.log_lines.bad_lines)
            self.faults.append(f"{status} {method} {target[:200]} {headers} {body[:99]!r}: {lines}")
            self.log_lines.bad_lines.clear()
        return status

    def get_status(self, environ: WSGIEnvironment) -> int:
        """Return the status with which the site answers; 599 if it raises an exception."""
        statuses: list[int] = []

        def start_response(status: str, *_headers_and_error: object) -> Callable[[bytes], object]:
            statuses.append(int(status[:3]))
            return bytes

        try:
            with closing(application(environ, start_response)) as answer:  # type: ignore[type-var]
                b"".join(answer)
        except Exception as error:  # noqa: BLE001  # a web server would answer with 500
            self.log_lines.bad_lines.append(repr(error)[-300:])
            return 599
        return statuses[0]


@contextmanager
def undo_changes() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
