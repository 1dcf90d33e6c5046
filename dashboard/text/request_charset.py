"""Read the texts of requests as UTF-8; ignore the charset that their head names."""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

BOUNDARY = re.compile(r""";\s*boundary=("[^"]*"|[^\s;"]+)""", re.IGNORECASE)


def read_as_utf8(application: WSGIApplication) -> WSGIApplication:
    """Return the application of Django, with requests whose head names no charset.

    Django would decode their texts by any codec of Python, and fail where it is none of texts.
    """

    def answer_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["CONTENT_TYPE"] = simplify_content_type(environ.get("CONTENT_TYPE", ""))
        return application(environ, start_response)

    return answer_request


def simplify_content_type(content_type: str) -> str:
    """Return a Content-Type with no parameter but the boundary of a form with files."""
    boundary = BOUNDARY.search(content_type)
    return content_type.partition(";")[0] + (f"; boundary={boundary[1]}" if boundary else "")
