"""Create the clients of Cloud Config and of the identity service for an account."""

from typing import TYPE_CHECKING, TypeVar

from django.conf import settings

from dashboard import cloud
from dashboard.models import Account
from dashboard.models.accounts import SecretUnreadableError

if TYPE_CHECKING:
    from dashboard.cloud.client import Client, IdentityClient

AnyClient = TypeVar("AnyClient", bound="Client")
IDENTITY_ATTEMPTS = 1  # a report does not wait for the identity service


def open_client(account: Account, attempts: int = 2) -> "Client":
    """Return an API client for the account, to be used in a `with` block.

    `attempts` is how often a call is tried. Raises CloudError with the code NoAccessKey if the
    account has none, and SecretUnreadable if its secret cannot be decrypted.
    """
    # Imported here, so that commands that do not call the cloud start faster.
    from dashboard.cloud.client import ENDPOINTS, Client

    endpoint = account.endpoint or ENDPOINTS[account.site]
    return build_client(Client, endpoint, account, attempts)


def open_identity_client(account: Account) -> "IdentityClient":
    """Return a client of the identity service. Raises CloudError, as open_client does."""
    from dashboard.cloud.client import IdentityClient, choose_identity_endpoint

    endpoint = choose_identity_endpoint(account.endpoint, account.site)
    return build_client(IdentityClient, endpoint, account, IDENTITY_ATTEMPTS)


def build_client(
    client_class: type[AnyClient], endpoint: str, account: Account, attempts: int
) -> AnyClient:
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
        attempts=attempts,
    )
