"""Create the clients of Cloud Config and of the identity service for an account."""

from typing import TYPE_CHECKING, TypeVar

from django.conf import settings

from dashboard import cloud
from dashboard.cloud.endpoints import is_allowed_endpoint
from dashboard.cloud.time_limit import IsStopped, never_stop
from dashboard.models import Account
from dashboard.models.accounts import SecretUnreadableError

if TYPE_CHECKING:
    from dashboard.cloud.api_calls import ApiCaller
    from dashboard.cloud.client import Client, IdentityClient

AnyClient = TypeVar("AnyClient", bound="ApiCaller")
ATTEMPTS = 2
IDENTITY_ATTEMPTS = 1  # a report does not wait for the identity service
MAX_CALL_SECONDS = 20.0


def open_client(
    account: Account, is_stopped: IsStopped = never_stop, attempts: int = ATTEMPTS
) -> "Client":
    """Return an API client for the account, to be used in a `with` block.

    A call is made at most `attempts` times if it meets temporary errors. It ends soon after
    `is_stopped` returns true. Raises CloudError with the code NoAccessKey if the account has none,
    SecretUnreadable if its secret cannot be decrypted, and ForbiddenEndpoint if its endpoint is not
    allowed.
    """
    # Imported here, so that commands that do not call the cloud start faster.
    from dashboard.cloud.client import ENDPOINTS, Client

    endpoint = account.endpoint or ENDPOINTS[account.site]
    return build_client(Client, endpoint, account, attempts, is_stopped)


def open_identity_client(account: Account, is_stopped: IsStopped = never_stop) -> "IdentityClient":
    """Return a client of the identity service. Raises CloudError, as open_client does."""
    from dashboard.cloud.client import IdentityClient, choose_identity_endpoint

    endpoint = choose_identity_endpoint(account.endpoint, account.site)
    return build_client(IdentityClient, endpoint, account, IDENTITY_ATTEMPTS, is_stopped)


def compute_call_seconds() -> float:
    """Return how long a call may take: shorter than the claim of the worker that makes it."""
    return min(MAX_CALL_SECONDS, settings.LEASE_SECONDS * 2 / 3)


def build_client(
    client_class: type[AnyClient],
    endpoint: str,
    account: Account,
    attempts: int,
    is_stopped: IsStopped,
) -> AnyClient:
    if account.endpoint and not is_allowed_endpoint(account.endpoint, settings.ENDPOINT_HOSTS):
        raise cloud.CloudError("ForbiddenEndpoint")
    if not account.has_access_key:
        raise cloud.CloudError("NoAccessKey")
    try:
        secret = account.secret
    except SecretUnreadableError as error:
        raise cloud.CloudError("SecretUnreadable") from error
    return client_class(
        endpoint,
        account.access_key_id,
        secret,
        transport=settings.CLOUD_TRANSPORT,
        timeout=compute_call_seconds(),
        attempts=attempts,
        retry_timeout=compute_call_seconds(),
        is_stopped=is_stopped,
    )
