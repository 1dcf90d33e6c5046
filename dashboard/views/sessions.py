"""Sessions in the database, and in the cookie alone while the storage takes no changes.

So a user can sign in and read while nothing can be written. A session in a cookie is signed, holds
for an hour, and moves into the database as soon as it is saved again and there is room. As any
other, it ends when the user's password is changed.
"""

import logging
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.core import signing
from django.db import DatabaseError

from dashboard.archive.disk import find_write_refusal

PREFIX = "signed:"
SALT = "dashboard.views.sessions"
SIGNED_SECONDS = 3600
logger = logging.getLogger(__name__)


class SessionStore(db.SessionStore):
    """The session engine of the settings. The key of a signed session is its content."""

    def __init__(self, session_key: str | None = None) -> None:
        """Begin with the session of a cookie; without one if the database cannot hold its key."""
        super().__init__(session_key if is_possible_key(session_key or "") else None)

    def load(self) -> dict[str, Any]:
        if not is_signed(self.session_key):
            return super().load()
        text = str(self.session_key).removeprefix(PREFIX)
        try:
            return dict(signing.loads(text, salt=SALT, max_age=SIGNED_SECONDS))
        except signing.BadSignature:
            self._session_key = None
            return {}

    def save(self, must_create: bool = False) -> None:
        session = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        was_signed = is_signed(self.session_key)
        if was_signed:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        try:
            super().save(must_create=must_create or was_signed)
        except (DatabaseError, UpdateError) as error:
            # Django raises UpdateError for every error of the database.
            cause = error.__context__ if isinstance(error, UpdateError) else error
            if not find_write_refusal(cause):
                raise
            self._session_key = PREFIX + signing.dumps(dict(session), salt=SALT, compress=True)

    def delete(self, session_key: str | None = None) -> None:
        """Delete a session. Where nothing can be written, only the browser forgets it."""
        if is_signed(session_key or self.session_key):
            return
        try:
            super().delete(session_key)
        except DatabaseError as error:
            if not find_write_refusal(error):
                raise
            logger.warning("A session that was signed out stays until it expires: %s", error)


def is_signed(session_key: str | None) -> bool:
    return bool(session_key) and str(session_key).startswith(PREFIX)


def is_possible_key(text: str) -> bool:
    """Return whether a text from a cookie can be a key: PostgreSQL refuses to look for a NUL."""
    return is_signed(text) or (text.isascii() and text.isalnum())
