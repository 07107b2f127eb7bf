"""Peer: a PACS or a modality, with its AE title, address, DICOMweb URL and what it may do; never its password."""

from __future__ import annotations

import re
import uuid
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User

_AE_TITLE = re.compile(r"(?! +\Z)[ -\[\]-~]{1,16}\Z")
_WEB = URLValidator(schemes=["http", "https"])


def check_ae_title(value: str) -> None:
    """Up to 16 ASCII characters, not only spaces, no backslash (PS3.5, value representation AE)."""
    if not _AE_TITLE.match(value):
        raise ValidationError(_("An AE title has 1 to 16 plain letters, digits or signs, and no backslash."))


def check_web_address(value: str) -> None:
    """http or https; a host without a domain is fine, as inside a hospital."""
    host = re.match(r"https?://([a-zA-Z0-9-]+)(:\d+)?(/|\Z)", value)
    if not host:
        _WEB(value)


class PeerQuerySet(models.QuerySet["Peer"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def searched_by(self, user: User) -> Self:
        """The archives that the person may search: those of the own institution, for the clinical role only."""
        if not user.is_radiographer:
            return self.none()
        return self.active().filter(institution=user.institution_id, is_searched=True)

    def returning(self) -> Self:
        """Those into which results go."""
        return self.active().exclude(returns=Peer.Returns.NEVER)

    def returning_for(self, user: User) -> Self:
        """Those into which the person may send a result: of the own institution, for the clinical role only."""
        return self.returning().filter(institution=user.institution_id) if user.is_radiographer else self.none()


class Peer(models.Model):
    """One PACS or modality of one institution. What it sends belongs to that institution.

    Its user name and password are in the setting PACS_CREDENTIALS_<credentials>, or in a file that it names.
    """

    class Returns(models.TextChoices):
        """When results go back into the archive."""

        NEVER = "never", _("Never")
        AT_ONCE = "at-once", _("As soon as there is an answer")
        REVIEWED = "reviewed", _("After a radiographer's review")
        BY_HAND = "by-hand", _("Only what a radiographer sends")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("The name that radiographers know it by."))
    ae_title = models.CharField(_("AE title"), max_length=16, validators=[check_ae_title])
    address = models.CharField(
        _("address"),
        max_length=255,
        blank=True,
        help_text=_("IP address or host name of its DICOM service."),
    )
    port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text=_("Port of its DICOM service, often 104 or 11112. Leave empty if it only sends."),
    )
    uses_tls = models.BooleanField(_("TLS for its DICOM service"), default=False)
    dicomweb_url = models.CharField(
        _("DICOMweb URL"),
        max_length=300,
        blank=True,
        validators=[check_web_address],
        help_text=_("For example https://pacs.example.org/dicom-web. If empty, C-FIND, C-MOVE and C-STORE are used."),
    )
    changes_url = models.CharField(
        _("URL of Orthanc"),
        max_length=300,
        blank=True,
        validators=[check_web_address],
        help_text=_("Orthanc only: new radiographs are noticed sooner through its list of changes."),
    )
    credentials = models.CharField(
        _("credentials"),
        max_length=40,
        blank=True,
        help_text=_(
            "The last part of the name of the setting PACS_CREDENTIALS_… that holds its user name and password."
        ),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    may_store = models.BooleanField(_("may send radiographs here (C-STORE)"), default=False)
    is_searched = models.BooleanField(_("radiographers can search it"), default=False)
    is_watched = models.BooleanField(_("fetch new radiographs automatically"), default=False)
    returns = models.CharField(_("send results back to it"), max_length=10, choices=Returns, default=Returns.NEVER)

    sends_from = models.BigIntegerField(null=True, editable=False)  # the last event before results went back into it
    sent_event = models.BigIntegerField(default=0, editable=False)  # the last event that its outbox has seen
    seen_change = models.BigIntegerField(default=0, editable=False)
    heard = models.DateTimeField(_("last reply"), null=True, editable=False)
    fault = models.CharField(_("last error"), max_length=300, blank=True, editable=False)

    objects = PeerQuerySet.as_manager()

    class Meta:
        verbose_name = _("PACS or modality")
        verbose_name_plural = _("PACS and modalities")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_dicomweb(self) -> bool:
        return bool(self.dicomweb_url)

    @property
    def has_dimse(self) -> bool:
        """Whether it can be asked by C-FIND, C-MOVE and C-STORE."""
        return bool(self.address and self.port)

    def clean(self) -> None:
        super().clean()
        if self.credentials and self.credentials not in settings.PACS_CREDENTIALS:
            raise ValidationError({"credentials": _("There is no such setting on the server.")})
        if self.may_store and not self.address:
            raise ValidationError({"address": _("Enter an address: radiographs are accepted only from a known one.")})
        if (self.is_searched or self.returns != self.Returns.NEVER) and not (self.has_dicomweb or self.has_dimse):
            raise ValidationError(_("To search it or fetch from it, enter a DICOMweb URL, or an address and a port."))
        if self.is_watched and not self.has_dicomweb:
            raise ValidationError(
                {"dicomweb_url": _("New radiographs can be fetched automatically only from an archive with DICOMweb.")}
            )
        self._check_sender()

    def _check_sender(self) -> None:
        """AE title and address name the institution: no two peers that may send share both."""
        same = Peer.objects.filter(ae_title=self.ae_title, address=self.address, may_store=True).exclude(pk=self.pk)
        if self.may_store and same.exists():
            raise ValidationError(_("Another entry with this AE title and address is already allowed to send."))
