"""What may be entered as an endpoint, and which endpoints are allowed."""

import pytest

from dashboard.cloud.endpoints import is_allowed_endpoint, is_endpoint, is_host

ALLOWED = ["sandbox", "gateway:81", "127.0.0.1:8080", "[::1]:8080"]


@pytest.mark.parametrize(
    "text",
    [
        "config.cn-shanghai.aliyuncs.com",
        "config.ap-southeast-1.aliyuncs.com",
        "Config-VPC.cn-hangzhou.aliyuncs.com:8443",
        "127.0.0.1:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "sandbox",
        "sandbox:9000",
        "http://sandbox",
        "http://Sandbox:9000",
        "http://gateway:81",
    ],
)
def test_an_endpoint_is_a_host_of_cloud_config_or_of_the_settings(text: str) -> None:
    assert is_endpoint(text)
    assert is_allowed_endpoint(text, ALLOWED)


@pytest.mark.parametrize(
    "text",
    [
        "http://config.cn-shanghai.aliyuncs.com",
        "config.cn-shanghai.aliyuncs.com.example.com",
        "bucket.oss-cn-shanghai.aliyuncs.com",
        "config.example.com",
        "aliyuncs.com",
        "http://gateway:82",
        "gateway",
        "127.0.0.1",
        "http://127.0.0.1:8081",
        "http://localhost:8080",
        "http://169.254.169.254",
        "100.100.100.200",
    ],
)
def test_no_other_host_is_allowed(text: str) -> None:
    assert is_endpoint(text)
    assert not is_allowed_endpoint(text, ALLOWED)


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "https://config.cn-shanghai.aliyuncs.com",
        "http://127.0.0.1@example.com",
        "config.example.com/path",
        "config.example.com?query",
        "user@config.example.com",
        "config..example.com",
        "config.example.com:0",
        "config.example.com:65536",
        "config example.com",
        "-config.example.com",
        "config.example.com\n",
        "",
    ],
)
def test_anything_else_is_no_endpoint(text: str) -> None:
    assert not is_endpoint(text)
    assert not is_allowed_endpoint(text, [text, *ALLOWED])


@pytest.mark.parametrize("text", ["a..b", ".a", "a.", "", "a b", "a_b", "-a", "\ud800"])
def test_a_host_has_no_empty_label(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize("text", ["a", "a-b.c", "127.0.0.1", "::1", "fe80::1"])
def test_a_host_is_a_name_or_an_ip_address(text: str) -> None:
    assert is_host(text)
