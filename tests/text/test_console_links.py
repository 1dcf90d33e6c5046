"""Links into the cloud's console."""

import pytest

from dashboard.models import Account, Evaluation
from dashboard.text.console_links import URL_PATTERNS, resource_console_url


def make_evaluation(resource_type: str, region: str = "cn-hangzhou") -> Evaluation:
    return Evaluation(resource_type=resource_type, region=region, resource_id="a/b c")


@pytest.mark.parametrize("resource_type", URL_PATTERNS)
def test_a_type_whose_address_is_known_has_a_link_of_its_site(resource_type: str) -> None:
    for site, domain in (("china", "aliyun.com"), ("international", "alibabacloud.com")):
        url = resource_console_url(make_evaluation(resource_type), Account(site=site))
        assert url.startswith("https://")
        assert f".console.{domain}/" in url
        assert "a%2Fb%20c" in url
        assert "cn-hangzhou" in url


@pytest.mark.parametrize(
    "evaluation",
    [
        make_evaluation("ACS::RAM::User"),
        make_evaluation("ACS::ECS::Instance", region=""),
        make_evaluation("ACS::ECS::Instance", region="x.example.com/"),
    ],
)
def test_what_has_no_known_address_has_no_link(evaluation: Evaluation) -> None:
    assert resource_console_url(evaluation, Account(site="china")) == ""
