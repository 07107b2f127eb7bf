"""Tokens that programs have signed in with, and how much the API was used."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.clock import machine_moment, seconds_since


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def expired(self, now: datetime) -> Self:
        return self.filter(expires__lte=now)


class ApiToken(models.Model):
    """One sign-in of a program in a person's name. Only a hash of the token is kept.

    It has 256 random bits, so that a plain SHA-256 tells as little of it as a slow hash of a password would.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    has_second_factor = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(db_index=True)
    clock = models.JSONField(default=machine_moment, editable=False)
    """The moment of signing in by the machine's own clock, which nobody sets (see `accounts.clock`)."""

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def is_in_force(self) -> bool:
        """Whether the token is valid now: everything that ends a session ends it too, at the next request.

        Its person's password and epoch are those of the sign-in, the account is active, and there was a second factor
        if the person needs one by now.
        """
        person = self.person
        is_same = constant_time_compare(self.session_hash, person.get_session_auth_hash())
        has_factors = self.has_second_factor or not person.needs_second_factor
        age, lifetime = seconds_since(self.created.timestamp(), self.clock), self.expires - self.created
        return bool(person.is_active and is_same and has_factors and age < lifetime.total_seconds())


class ApiUse(models.Model):
    """How often something was asked for in the newest span of time (see `accounts.api_use`)."""

    key = models.CharField(max_length=100, unique=True)
    span = models.PositiveBigIntegerField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key} {self.span}: {self.count}"
