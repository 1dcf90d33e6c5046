"""Create the API client for an account."""

from typing import TYPE_CHECKING

from django.conf import settings

from dashboard import cloud
from dashboard.models import Account
from dashboard.models.accounts import SecretUnreadableError

if TYPE_CHECKING:
    from dashboard.cloud.client import Client


def open_client(account: Account, attempts: int = 2) -> "Client":
    """Return an API client for the account, to be used in a `with` block.

    `attempts` is how often a call is tried. Raises CloudError with the code NoAccessKey if the
    account has none, and SecretUnreadable if its secret cannot be decrypted.
    """
    # Imported here, so that commands that do not call the cloud start faster.
    from dashboard.cloud.client import ENDPOINTS, Client

    if not account.has_access_key:
        raise cloud.CloudError("NoAccessKey")
    try:
        secret = account.secret
    except SecretUnreadableError as error:
        raise cloud.CloudError("SecretUnreadable") from error
    endpoint = account.endpoint or ENDPOINTS[account.site]
    return Client(
        endpoint,
        account.access_key_id,
        secret,
        transport=settings.CLOUD_TRANSPORT,
        attempts=attempts,
    )
