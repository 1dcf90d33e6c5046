"""Read the parameters of an operation, and what all operations have in common."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.api_errors import ApiError
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.http_request import SandboxRequest

AnswerFields = dict[str, Any]
POST, GET = "POST", "GET"
Operation = tuple[tuple[str, ...], Callable[[SandboxRequest, str], AnswerFields]]
"""The allowed HTTP methods, and the function that answers; its second argument is a `uid`."""


def find_pack(cloud_state: CloudState, parameters: Mapping[str, str], uid: str) -> SandboxPack:
    """Return the pack that a request names; raise ApiError if this account has no such pack."""
    pack_id = parameters.get("CompliancePackId")
    if not pack_id:
        raise ApiError("MissingParameter", "CompliancePackId")
    pack = cloud_state.packs.get(pack_id)
    if pack is None or pack.uid != uid:
        raise ApiError("Invalid.CompliancePackId.Value")
    return pack


def read_integer(
    parameters: Mapping[str, str],
    name: str,
    *,
    default: int,
    minimum: int,
    maximum: int = 1_000_000,
) -> int:
    """Return an integer parameter, or `default` if the request does not have it.

    Raise ApiError if it is no integer or out of bounds.
    """
    text = parameters.get(name)
    if text is None:
        return default
    if not (re.fullmatch("[0-9]{1,9}", text) and minimum <= int(text) <= maximum):
        raise ApiError("InvalidParameter", name)
    return int(text)


def read_choice(parameters: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return a parameter, empty if the request does not have it.

    Raise ApiError if it is none of the choices.
    """
    value = parameters.get(name, "")
    if value and value not in choices:
        raise ApiError("InvalidParameter", name)
    return value


def read_comma_list(parameters: Mapping[str, str], name: str) -> frozenset[str]:
    """Return the values of a parameter that is a list with commas; empty if there is none."""
    values = parameters.get(name, "").split(",")
    return frozenset(value.strip() for value in values if value.strip())
