"""What may be entered as an endpoint."""

import pytest

from dashboard.cloud.endpoints import is_endpoint


@pytest.mark.parametrize(
    "text",
    [
        "config.cn-shanghai.aliyuncs.com",
        "config-vpc.cn-hangzhou.aliyuncs.com:8443",
        "127.0.0.1:8080",
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]:8080",
        "http://sandbox",
        "http://gateway:81",
    ],
)
def test_an_endpoint_is_a_host_with_an_optional_port(text: str) -> None:
    assert is_endpoint(text, ["sandbox", "gateway:81"])


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "https://config.cn-shanghai.aliyuncs.com",
        "http://config.cn-shanghai.aliyuncs.com",
        "http://gateway:82",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "config.example.com/path",
        "config.example.com?query",
        "user@config.example.com",
        "config.example.com:0",
        "config.example.com:65536",
        "config example.com",
        "-config.example.com",
        "config.example.com\n",
        "",
    ],
)
def test_anything_else_is_no_endpoint(text: str) -> None:
    assert not is_endpoint(text, ["sandbox", "gateway:81"])
