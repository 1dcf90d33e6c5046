"""The download links: signed, expiring, and removed with their report."""

import hashlib
import re
from base64 import b64encode
from xml.etree import ElementTree

import httpx
import pytest

from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock

PACK = "cp-2b8e47d09a6c4f13b5d7"


def read_oss_error(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert root.tag == "Error"
    return answer.status_code, root.findtext("Code"), root.findtext("Message")


def test_a_link_works_until_it_expires(caller: Caller, clock: Clock) -> None:
    caller.generate_report(PACK)
    url = caller.get_report(PACK)["ReportUrl"]
    clock.now += 3599
    assert caller.client.get(url).status_code == 200
    clock.now += 2
    assert read_oss_error(caller.client.get(url)) == (403, "AccessDenied", "Request has expired.")


def test_an_altered_link_is_refused(caller: Caller) -> None:
    caller.generate_report(PACK)
    url = caller.get_report(PACK)["ReportUrl"]
    for altered in (
        url.replace("Expires=1", "Expires=9"),
        url.replace("Signature=", "Signature=a"),
        url.replace("security-token=", "security-token=a"),
        url.replace(PACK, "cp-other"),
    ):
        assert read_oss_error(caller.client.get(altered))[:2] == (403, "SignatureDoesNotMatch")
    assert read_oss_error(caller.client.get(url.split("?")[0]))[:2] == (403, "AccessDenied")


@pytest.mark.parametrize("expires", ["", "soon", "-1", "1e9", "9" * 5000, "٣"])
def test_a_link_with_a_malformed_time_is_refused(caller: Caller, expires: str) -> None:
    caller.generate_report(PACK)
    url = re.sub(r"Expires=\d+", f"Expires={expires}", caller.get_report(PACK)["ReportUrl"])
    assert read_oss_error(caller.client.get(url))[:2] == (403, "AccessDenied")


def test_an_expired_link_says_so_even_if_it_was_altered(caller: Caller, clock: Clock) -> None:
    caller.generate_report(PACK)
    url = caller.get_report(PACK)["ReportUrl"].replace("Signature=", "Signature=a")
    clock.now += 3601
    assert read_oss_error(caller.client.get(url))[2] == "Request has expired."


def test_a_link_has_the_path_and_the_parameters_of_the_cloud(
    caller: Caller, sandbox: Sandbox
) -> None:
    caller.generate_report(PACK)
    url = httpx.URL(caller.get_report(PACK)["ReportUrl"])
    uid = sandbox.accounts[0].uid
    assert re.fullmatch(
        rf"/CompliancePackReports/{uid}/{PACK}/{uid}-{PACK}-report-\d{{12}}\.xls", url.path
    )
    names = ["Expires", "OSSAccessKeyId", "Signature", "security-token"]
    assert list(url.params) == names
    assert url.params["OSSAccessKeyId"].startswith("STS.")


def test_head_tells_of_the_file_without_its_bytes(caller: Caller) -> None:
    content = caller.generate_and_download(PACK)
    answer = caller.client.head(caller.get_report(PACK)["ReportUrl"])
    md5 = hashlib.md5(content, usedforsecurity=False)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["ETag"] == f'"{md5.hexdigest().upper()}"'
    assert answer.headers["Content-MD5"] == b64encode(md5.digest()).decode()
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert answer.headers["x-oss-request-id"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=5-999999999", 5, None),
    ],
)
def test_a_range_of_the_file_is_served(
    caller: Caller, asked: str, start: int, end: int | None
) -> None:
    content = caller.generate_and_download(PACK)
    answer = caller.client.get(caller.get_report(PACK)["ReportUrl"], headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content[start:end])
    assert answer.headers["Content-Range"].endswith(f"/{len(content)}")


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=-0", "bytes=", "rows=1-2", "bytes=1-2,4-5"])
def test_a_range_that_is_not_valid_gives_the_whole_file(caller: Caller, asked: str) -> None:
    content = caller.generate_and_download(PACK)
    answer = caller.client.get(caller.get_report(PACK)["ReportUrl"], headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, content)


def test_a_range_beyond_the_end_is_an_error_on_demand_only(caller: Caller) -> None:
    content = caller.generate_and_download(PACK)
    url, beyond = caller.get_report(PACK)["ReportUrl"], {"Range": "bytes=999999999-"}
    assert caller.client.get(url, headers=beyond).content == content
    strict = {**beyond, "x-oss-range-behavior": "standard"}
    assert read_oss_error(caller.client.get(url, headers=strict))[:2] == (416, "InvalidRange")


def test_each_get_report_signs_a_new_link(caller: Caller, clock: Clock) -> None:
    caller.generate_report(PACK)
    first = caller.get_report(PACK)["ReportUrl"]
    clock.now += 1
    assert caller.get_report(PACK)["ReportUrl"] != first


def test_the_link_of_an_old_report_leads_nowhere(caller: Caller, clock: Clock) -> None:
    caller.generate_report(PACK)
    url = caller.get_report(PACK)["ReportUrl"]
    for _ in range(2):
        clock.now += 60
        caller.generate_report(PACK)
        caller.get_report(PACK)
    assert read_oss_error(caller.client.get(url))[:2] == (404, "NoSuchKey")


def test_a_link_leads_to_the_host_of_the_request_or_to_the_configured_one(caller: Caller) -> None:
    caller.generate_report(PACK)
    assert caller.get_report(PACK)["ReportUrl"].startswith(
        "http://config.cn-shanghai.example/CompliancePackReports/"
    )
    sandbox = Sandbox(link_base="https://bucket.oss.example")
    other = Caller(sandbox, sandbox.accounts[0].credential)
    other.generate_report(PACK)
    assert other.get_report(PACK)["ReportUrl"].startswith(
        "https://bucket.oss.example/CompliancePackReports/"
    )
