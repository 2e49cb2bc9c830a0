"""The Import Service's errors: what it says when it refuses."""

from __future__ import annotations

from magacin.contracts.held_orders import HeldOrder
from magacin.core.errors import AppError, BodyTooLarge, Conflict, NotFound, Unprocessable


class JobNotFound(NotFound):
    """There is no import job with that id."""

    code = "import_not_found"

    def __init__(self, job_id: int) -> None:
        super().__init__(f"There is no import {job_id}.", details={"job_id": job_id})


class NotMultipart(AppError):
    """The upload is not a form."""

    status, code = 415, "unsupported_media_type"

    def __init__(self) -> None:
        super().__init__("Send the file as multipart/form-data, in a part named file.")


class UnsupportedFile(AppError):
    """The upload is in none of the formats that are read."""

    status, code = 415, "unsupported_file"


class MissingFile(Unprocessable):
    """The form has no file in it, or more than one."""

    code = "missing_file"


class EmptyFile(Unprocessable):
    """The file has no bytes."""

    code = "empty_file"

    def __init__(self, filename: str) -> None:
        super().__init__(f"The file {filename!r} is empty.", details={"filename": filename})


class FileTooLarge(BodyTooLarge):
    """The file is over the limit; nothing of it was kept."""

    code = "file_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The file is larger than {limit / (1 << 20):,.4g} MiB. Split it; nothing of it was kept.",
            details={"max_bytes": limit},
        )


class HeldOrderNotFound(NotFound):
    """There is no order with that id that was held back."""

    code = "held_order_not_found"

    def __init__(self, held_id: int) -> None:
        super().__init__(f"There is no order {held_id} that was held back.", details={"held_id": held_id})


class HeldOrderChanged(Conflict):
    """It, or what is there, is not what somebody saw who decides on it. The details have how it is now."""

    code = "held_order_changed"

    def __init__(self, message: str, now: HeldOrder) -> None:
        super().__init__(message, details={"now": now.model_dump(mode="json")})


class HeldOrderHindered(Conflict):
    """It cannot be released: somebody has begun with what is there. The details have how it is now."""

    code = "held_order_hindered"

    def __init__(self, message: str, now: HeldOrder) -> None:
        super().__init__(message, details={"now": now.model_dump(mode="json")})


class HeldOrderRefused(Conflict):
    """The Task Service understands the order and will not have it."""

    code = "held_order_refused"


class ProfileNotFound(NotFound):
    """There is no profile of that name."""

    code = "profile_not_found"


class UnknownProfile(Unprocessable):
    """A file is to be read by a profile that there is not."""

    code = "unknown_profile"


class ReadyMadeProfile(Conflict):
    """The profile is part of the program: it can be neither changed nor removed."""

    code = "ready_made_profile"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The profile {name} is ready-made and cannot be changed. Save yours under another name.",
            details={"name": name},
        )
