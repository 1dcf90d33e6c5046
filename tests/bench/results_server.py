"""A cloud that answers pages of evaluation results only.

usage: python -m tests.bench.results_server PORT LIST PACK

The pages are those of a generated list, the file LIST, of the pack PACK. They are in memory before
the first call, so that an answer takes little time. It answers every caller, for any pack, and does
not check signatures.
"""

import gzip
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from dashboard.sandbox.server import SandboxServer


class ResultPages:
    """The pages of a list as a WSGI application."""

    def __init__(self, path: Path, pack_id: str) -> None:
        with gzip.open(path) as file:
            self._answers = file.readlines()
        self._pack_id = pack_id.encode()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ["QUERY_STRING"])
        page = int(query.get("NextToken", ["token-0"])[0].removeprefix("token-"))
        pack_id = query["CompliancePackId"][0].encode()
        body = self._answers[page].replace(self._pack_id, pack_id)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]


def main(port: str, path: str, pack_id: str) -> None:
    server = SandboxServer(("127.0.0.1", int(port)), ResultPages(Path(path), pack_id))
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
