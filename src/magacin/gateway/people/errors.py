"""What is wrong with a login, and with what people show to prove who they are."""

from __future__ import annotations

from magacin.core.errors import Forbidden, Unauthorized


class BadCredentials(Unauthorized):
    """What was shown does not fit. Which part of it was wrong is nobody's business."""

    code = "bad_credentials"


class UserInactive(Forbidden):
    """The user was deactivated."""

    code = "user_inactive"


class RefreshRefused(Unauthorized):
    """The refresh token is unknown, expired or used; log in again."""

    code = "refresh_refused"
