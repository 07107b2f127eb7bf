"""Everything that changes an account, one function each. Each leaves a line in the account's history.

`actor` is the person who does it, or None for the command line. Where something cannot be done, AccountError says why
in one sentence and nothing has changed.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import lockout
from accounts.errors import AccountError
from accounts.mail import mail_address_changed, mail_invitation
from accounts.models import AccountEvent, ExternalIdentity, Institution, User
from accounts.second_factor import RECOVERY_CODES, authenticator_to_confirm, is_right
from accounts.stale_forms import refuse_changed
from audit.models import Action
from audit.services import held_back, record

logger = logging.getLogger(__name__)

Kind, Status = AccountEvent.Kind, User.Status
OWN_FIELDS = ("first_name", "last_name", "email", "shows_heat_map", "reads_blind", "time_zone", "language")
_KEYS = {"email_key": ("email",), "name_key": ("first_name", "last_name")}
_STATUS_FIELDS = ("status", "is_active", "password", "invitations", "session_epoch")


def _record(kind: str, person: User, *, actor: User | None, reason: str = "", **detail: Any) -> None:
    """The one place through which every change of an account goes: its history, the audit and the log.

    The audit takes no reason, which is text and may name somebody.
    """
    AccountEvent.objects.create(person=person, actor=actor, kind=kind, reason=reason, detail=detail)
    record(Action(f"account-{kind}"), actor=actor, subject=person, detail=detail)
    logger.info("account %s: %s by %s", person.uuid, kind, actor.uuid if actor else "the command line")


# --- by the person --------------------------------------------------------------------------------------------------


def profile_update(*, user: User, values: dict[str, Any], before: dict[str, Any] | None = None) -> None:
    """Store the values of OWN_FIELDS and touch no other column. Raises AccountError where `before` is stored no longer.

    An administrator may suspend the person, or change their roles, between the reading and the writing of the row:
    writing all of it would undo that. Raises IntegrityError where the e-mail address has become somebody else's.
    """
    changed = [name for name in OWN_FIELDS if name in values]
    with transaction.atomic():
        stored = _locked(user)
        refuse_changed(stored, before or {})
        email_before = stored.email
        for name in changed:
            setattr(user, name, values[name])
        keys = [key for key, sources in _KEYS.items() if set(sources) & set(changed)]
        user.save(update_fields=[*changed, *keys])
        record(Action.ACCOUNT_PROFILE, actor=user, subject=user, detail={"fields": changed})
        if user.email != email_before:  # new passwords are sent there from now on
            _record(Kind.CHANGED, user, actor=user, fields=["email"])
            _tell_former(user, email_before)
    logger.info("person %s changed the profile", user.uuid)


@transaction.atomic
def password_set(*, person: User, password: str, is_reset: bool, by_command: bool = False) -> None:
    """Store a new password: every session but the one that asks ends. After a reset by e-mail a lock-out is over.

    Raises AccountError where the link of that e-mail has been used since `person` was read.
    """
    if _locked(person).password != person.password and is_reset:
        raise AccountError(_("This link has been used already. Ask for a new one."))
    person.set_password(password)
    person.save(update_fields=["password"])
    if is_reset:
        lockout.forget_failures(person)
    _record(Kind.PASSWORD, person, actor=None if by_command else person, is_reset=is_reset)


@transaction.atomic
def invitation_accept(*, person: User, first_name: str, last_name: str, password: str) -> None:
    """Make the account an active one, once."""
    now = _locked(person)
    if (now.status, now.invitations) != (Status.INVITED, person.invitations):
        raise AccountError(_("This invitation has been used, or a newer one has been sent."))
    person.first_name, person.last_name = first_name, last_name
    person.set_password(password)
    _set_status(person, Status.ACTIVE)
    person.save(update_fields=["first_name", "last_name", "name_key", *_STATUS_FIELDS])
    _record(Kind.ACCEPTED, person, actor=person)


# --- by an administrator --------------------------------------------------------------------------------------------


@transaction.atomic
def person_register(*, actor: User | None, person: User) -> None:
    """Store a new person, who cannot sign in before an invitation has been accepted."""
    person.is_superuser = False
    person.set_unusable_password()
    _set_status(person, Status.INVITED)
    person.save()
    _record(Kind.REGISTERED, person, actor=actor, **_rights_of(person))


def invitation_send(*, actor: User | None, person: User, site: str, reason: str = "") -> None:
    """Send a link to the person, who is new or whose account was closed. Every older link stops working.

    Raises MailUnavailable where the mail server did not take it; it can be sent again then.
    """
    with transaction.atomic():
        person = _changeable(person, actor, Status.INVITED, Status.CLOSED)
        _set_status(person, Status.INVITED)
        person.invitations += 1
        person.save(update_fields=_STATUS_FIELDS)
        _record(Kind.INVITED, person, actor=actor, reason=reason)
    mail_invitation(person=person, site=site)


@transaction.atomic
def person_update(*, actor: User, person: User, fields: list[str], before: dict[str, Any] | None = None) -> None:
    """Store those columns of a person that an administrator has changed, and no other.

    Raises AccountError where `before`, by column, is what is stored no longer. They are set in the row as it is now:
    the keys of a name and an address are made from what is stored with them.
    """
    administrators = _administrators()
    stored = _changeable(person, actor, *Status.values, may_be_own=True)
    refuse_changed(stored, before or {})
    before = _rights_of(stored)
    if not person.is_staff:
        _refuse_last(person, administrators)
    former = stored.email
    for name in fields:
        setattr(stored, name, getattr(person, name))
    stored.save(update_fields=[*fields, "username_key", "email_key", "name_key"])
    after = _rights_of(stored)
    rights = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    _record(Kind.CHANGED, stored, actor=actor, fields=sorted(fields), rights=rights)
    if stored.status == Status.ACTIVE and stored.email != former:
        _tell_former(stored, former)


@transaction.atomic
def person_suspend(*, actor: User | None, person: User, reason: str) -> None:
    """Keep the person out from the next request on, until somebody reactivates the account."""
    _end(person, actor, Status.SUSPENDED, reason, Status.ACTIVE)


@transaction.atomic
@held_back()
def person_close(*, actor: User | None, person: User, reason: str) -> None:
    """End the account: password and second factor are gone. Only a new invitation opens it again."""
    person = _end(person, actor, Status.CLOSED, reason, Status.INVITED, Status.ACTIVE, Status.SUSPENDED)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    _forget_devices(person)


@transaction.atomic
def person_reactivate(*, actor: User | None, person: User, reason: str) -> None:
    """Let a suspended person in again, with a new sign-in: the sessions of before stay ended."""
    person = _changeable(person, actor, Status.SUSPENDED)
    _set_status(person, Status.ACTIVE)
    person.save(update_fields=_STATUS_FIELDS)
    _record(Kind.REACTIVATED, person, actor=actor, reason=reason)


@transaction.atomic
def person_unlock(*, actor: User | None, person: User, reason: str) -> None:
    """End a lock-out after wrong passwords, and the pause after wrong codes."""
    person = _changeable(person, actor, *Status.values, may_be_own=True)
    lockout.forget_failures(person)
    for devices in (TOTPDevice.objects, StaticDevice.objects):
        devices.filter(user=person).update(throttling_failure_count=0, throttling_failure_timestamp=None)
    _record(Kind.UNLOCKED, person, actor=actor, reason=reason)


@transaction.atomic
def administrator_create(*, person: User, password: str) -> None:
    """Store an administrator, active at once: the first one of an installation, from the command line."""
    person.is_staff, person.is_superuser = True, False
    person.set_password(password)
    _set_status(person, Status.ACTIVE)
    person.save()
    _record(Kind.REGISTERED, person, actor=None, **_rights_of(person))


@transaction.atomic
def superuser_note(*, person: User) -> None:
    """Record that the command line has made a superuser, the one account beyond all administrators."""
    _record(Kind.REGISTERED, person, actor=None, is_superuser=True, **_rights_of(person))


# --- from an identity provider or a directory (accounts.outside) ----------------------------------------------------


@transaction.atomic
def person_register_outside(*, person: User, issuer: str, subject: str) -> None:
    """Store a person whom the outside vouches for, active at once, without a password. Raises IntegrityError."""
    person.set_unusable_password()
    _set_status(person, Status.ACTIVE)
    person.save()
    ExternalIdentity.objects.create(person=person, issuer=issuer, subject=subject)
    _record(Kind.REGISTERED, person, actor=None, **_rights_of(person), is_outside=True)


@transaction.atomic
def person_link(*, person: User, issuer: str, subject: str) -> None:
    """Let the subject sign in as this person from now on. Raises IntegrityError where either is linked already."""
    _changeable(person, person, Status.ACTIVE, may_be_own=True)
    ExternalIdentity.objects.create(person=person, issuer=issuer, subject=subject)
    _record(Kind.LINKED, person, actor=person)


@transaction.atomic
def person_follow(*, person: User, values: dict[str, Any]) -> None:
    """Store name, institution and roles as the outside has them now; where a right is lost, every session ends.

    Raises AccountError where that would leave no administrator.
    """
    administrators = _administrators()
    stored = _changeable(person, None, Status.ACTIVE)
    changed = [name for name, value in values.items() if getattr(stored, name) != value]
    if not changed:
        return
    before = _rights_of(stored)
    if not values["is_staff"]:
        _refuse_last(stored, administrators)
    for name in changed:
        setattr(stored, name, values[name])
        setattr(person, name, values[name])
    stored.save(update_fields=[*changed, "name_key"])
    after = _rights_of(stored)
    rights = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if rights:
        _end_sessions(person)
    _record(Kind.CHANGED, stored, actor=None, fields=sorted(changed), rights=rights, is_outside=True)


@transaction.atomic
def person_sign_out_everywhere(*, person: User) -> None:
    """End every session and token, because the identity provider says that the person has signed out."""
    _locked(person)
    _end_sessions(person)
    record(Action.SIGNED_OUT, actor=person, subject=person, detail={"everywhere": True})


# --- institutions ---------------------------------------------------------------------------------------------------


@transaction.atomic
def institution_create(*, actor: User | None, institution: Institution) -> None:
    """Store a new institution. Its name is public to administrators, and no part of the audit."""
    institution.save()
    record(Action.INSTITUTION_CREATED, actor=actor, subject=institution)


@transaction.atomic
def institution_rename(*, actor: User | None, institution: Institution, before: dict[str, Any] | None = None) -> None:
    """Store the institution's new name. Raises AccountError where `before` is stored no longer."""
    refuse_changed(Institution.objects.select_for_update().get(pk=institution.pk), before or {})
    institution.save(update_fields=["name", "name_key"])
    record(Action.INSTITUTION_RENAMED, actor=actor, subject=institution)


# --- second factor --------------------------------------------------------------------------------------------------


def second_factor_confirm(*, person: User, code: str) -> TOTPDevice | None:
    """Put the app in force that the person is setting up, with new recovery codes, where the code is right.

    It takes the place of the one before. Every session ends, but the one whose hash is renewed after this.
    """
    device = authenticator_to_confirm(person)
    if not is_right(device, person, code):
        return None
    with transaction.atomic():
        _locked(person)
        TOTPDevice.objects.filter(user=person).exclude(pk=device.pk).delete()
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        _new_recovery_codes(person)
        _end_sessions(person)
        _record(Kind.SECOND_FACTOR_ON, person, actor=person)
    device.refresh_from_db()
    return device


@transaction.atomic
def recovery_codes_renew(*, person: User) -> None:
    """Ten new recovery codes; the older ones are worth nothing."""
    _locked(person)
    _new_recovery_codes(person)
    _record(Kind.RECOVERY_CODES, person, actor=person)


@transaction.atomic
def second_factor_remove(*, actor: User | None, person: User, reason: str = "") -> None:
    """The password alone is enough from now on. Every session ends."""
    _locked(person)
    _forget_devices(person)
    _end_sessions(person)
    _record(Kind.SECOND_FACTOR_OFF, person, actor=actor, reason=reason)


def _new_recovery_codes(person: User) -> None:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="recovery")
    tokens = [StaticToken(device=device, token=StaticToken.random_token()) for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(tokens)


def _forget_devices(person: User) -> None:
    TOTPDevice.objects.filter(user=person).delete()
    StaticDevice.objects.filter(user=person).delete()


# --- what several need ----------------------------------------------------------------------------------------------


def _rights_of(person: User) -> dict[str, Any]:
    return {
        "institution": str(person.institution.uuid),
        "is_radiographer": person.is_radiographer,
        "is_staff": person.is_staff,
    }


def _tell_former(person: User, address: str) -> None:
    transaction.on_commit(lambda: mail_address_changed(person=person, former=address))


def _set_status(person: User, status: User.Status) -> None:
    person.status, person.is_active = status, status == Status.ACTIVE


def _end_sessions(person: User) -> None:
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])


def _locked(person: User) -> User:
    """The row as it is now; no one else changes it before the transaction ends."""
    return User.objects.select_for_update().get(pk=person.pk)


def _changeable(person: User, actor: User | None, *statuses: str, may_be_own: bool = False) -> User:
    """The person's row as it is now, where this actor may change it while it has one of those statuses."""
    now = _locked(person)
    if actor and actor.pk == now.pk and not may_be_own:
        raise AccountError(_("You cannot do this to your own account. Ask another administrator."))
    if actor and now.is_superuser and not actor.is_superuser:
        raise AccountError(_("A superuser's account is changed from the command line only."))
    if now.status not in statuses:
        raise AccountError(_("This account is: %(status)s.") % {"status": now.get_status_display()})
    return now


def _administrators() -> list[int]:
    """Who can administer, locked, before any other row: two who act on each other never wait crosswise."""
    return list(User.objects.administrators().select_for_update().order_by("pk").values_list("pk", flat=True))


def _refuse_last(person: User, administrators: list[int]) -> None:
    if administrators == [person.pk]:
        raise AccountError(_("This is the last active administrator: appoint another one first."))


def _end(person: User, actor: User | None, status: User.Status, reason: str, *statuses: str) -> User:
    """Take the account out of use and end its sessions, for good: reactivating it revives none of them."""
    administrators = _administrators()
    person = _changeable(person, actor, *statuses)
    _refuse_last(person, administrators)
    _set_status(person, status)
    person.session_epoch += 1
    person.save(update_fields=_STATUS_FIELDS)
    _record(Kind.SUSPENDED if status == Status.SUSPENDED else Kind.CLOSED, person, actor=actor, reason=reason)
    return person
