"""What a person changes of his own account."""

import logging
from typing import Any

from django.db import transaction

from accounts.models import User

logger = logging.getLogger(__name__)

OWN_FIELDS = ("first_name", "last_name", "email", "shows_heat_map", "time_zone", "language")


def profile_update(*, user: User, values: dict[str, Any]) -> None:
    """Store those of OWN_FIELDS that `values` names, and touch no other column.

    An administrator may suspend the person, or change his roles, between the reading and the writing of the row:
    writing all of it would undo that. Raises IntegrityError where the e-mail address has become somebody else's.
    """
    changed = [name for name in OWN_FIELDS if name in values]
    for name in changed:
        setattr(user, name, values[name])
    with transaction.atomic():
        user.save(update_fields=[*changed, "email_key"])
    logger.info("person %s changed the profile", user.uuid)
