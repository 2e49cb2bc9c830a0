"""Profiles: how the files of one sender are to be read, under a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.imports import ReadingOptions
from magacin.contracts.order_files import Subject
from magacin.contracts.payloads import Text, examples

# It is the name of a folder, too, and those of two that differ in case are one on some shares.
ProfileName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    AfterValidator(str.lower),
]


class ProfileIn(ReadingOptions):
    """What a profile says of files; what it leaves out is recognised in each."""

    model_config = examples(
        {
            "description": "The shop's nightly export",
            "mapping": {"requisition": "Order", "sku": ["Item", "Article"], "quantity": "Pcs"},
            "delimiter": ";",
            "decimal": ",",
        }
    )

    description: Text = ""

    @property
    def reading(self) -> ReadingOptions:
        """Return how it has files read."""
        return ReadingOptions(**{name: getattr(self, name) for name in ReadingOptions.model_fields})

    def overridden(self, by: ReadingOptions) -> ReadingOptions:
        """Return how a file is to be read of which more is said: that goes before what the profile says."""
        given = {name: value for name, value in by if value and name != "subject"}
        return self.reading.model_copy(update=given | {"mapping": {**self.mapping, **by.mapping}})


class Profile(ProfileIn):
    """A profile. The ready-made ones are part of the program and cannot be changed."""

    model_config = examples(
        {
            "name": "nightly",
            "description": "The shop's nightly export",
            "mapping": {"requisition": "Order"},
            "delimiter": ";",
        }
    )

    name: ProfileName
    ready_made: bool = False

    def misfit(self, subject: Subject) -> str | None:
        """Say why a file about something cannot be read by it; None where it can."""
        if subject is self.subject:
            return None
        return (
            f"The profile {self.name} is for files of {self.subject.value}, and this is one of "
            f"{subject.value}. Choose another, or none."
        )


_PATH = "/api/import-profiles/{name}"
_NAME = {"name": ProfileName}

LIST_PROFILES = Endpoint(
    "GET",
    "/api/import-profiles",
    "All profiles, the ready-made ones too",
    role=Role.SUPERVISOR,
    answer=list[Profile],
)
GET_PROFILE = Endpoint(
    "GET", _PATH, "How a profile has files read", role=Role.SUPERVISOR, parameters=_NAME, answer=Profile
)
PUT_PROFILE = Endpoint(
    "PUT",
    _PATH,
    "Save a profile, in place of one of that name",
    role=Role.MANAGER,
    audited=(Action.PROFILE_SAVED,),
    parameters=_NAME,
    body=ProfileIn,
    answer=Profile,
    errors=(409,),
)
DELETE_PROFILE = Endpoint(
    "DELETE",
    _PATH,
    "Remove a profile",
    role=Role.MANAGER,
    audited=(Action.PROFILE_REMOVED,),
    parameters=_NAME,
    status=204,
    errors=(409,),
)
