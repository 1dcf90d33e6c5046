"""The download links: signed, expiring, and removed with their report."""

from xml.etree import ElementTree

import httpx

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
    assert read_oss_error(caller.client.get(url.replace("Expires=1", "Expires=9")))[:2] == (
        403,
        "SignatureDoesNotMatch",
    )
    assert read_oss_error(caller.client.get(url.split("?")[0]))[:2] == (
        403,
        "SignatureDoesNotMatch",
    )


def test_each_get_report_signs_a_new_link(caller: Caller, clock: Clock) -> None:
    caller.generate_report(PACK)
    first = caller.get_report(PACK)["ReportUrl"]
    clock.now += 1
    assert caller.get_report(PACK)["ReportUrl"] != first


def test_the_link_of_an_old_report_leads_nowhere(caller: Caller) -> None:
    caller.generate_report(PACK)
    url = caller.get_report(PACK)["ReportUrl"]
    for _ in range(2):
        caller.generate_report(PACK)
        caller.get_report(PACK)
    assert read_oss_error(caller.client.get(url))[:2] == (404, "NoSuchKey")


def test_a_link_leads_to_the_host_of_the_request_or_to_the_configured_one(caller: Caller) -> None:
    caller.generate_report(PACK)
    assert caller.get_report(PACK)["ReportUrl"].startswith("http://config.cn-shanghai.example/oss/")
    sandbox = Sandbox(link_base="https://bucket.oss.example")
    other = Caller(sandbox, sandbox.accounts[0].credential)
    other.generate_report(PACK)
    assert other.get_report(PACK)["ReportUrl"].startswith("https://bucket.oss.example/oss/")
