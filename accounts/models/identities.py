"""ExternalIdentity: whom an identity provider or a directory means by a subject. Part of `accounts.models`."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.people import User

TEXT_LENGTH = 255


class ExternalIdentity(models.Model):
    """One subject of one issuer. An e-mail address or a name never tells who somebody is: both are given anew."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=TEXT_LENGTH)
    subject = models.CharField(max_length=TEXT_LENGTH)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_person_per_subject"),
            models.UniqueConstraint(fields=["person", "issuer"], name="one_subject_per_person_and_issuer"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
