"""What an administrator may see and change: accounts and institutions, and nothing that raises their own rights."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.admin_forms import InstitutionForm, NewPersonForm, PersonForm
from accounts.admin_steps import STEPS, step_view
from accounts.errors import AccountError, MailUnavailable
from accounts.import_view import import_view
from accounts.link_views import site_address
from accounts.models import AccountEvent, Institution, User
from accounts.normalise import normalised
from accounts.services import (
    institution_create,
    institution_rename,
    invitation_send,
    person_register,
    person_update,
)
from administration.permissions import StaffAdmin

# Roles are two fields of the person; Django's groups and permissions would be a second way to grant rights.
admin.site.unregister(Group)
# The secrets of people's second factors are shown to no one else.
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)

_SEARCHED_WORDS = 8
_SEEN = (None, {"fields": ["seen"], "classes": ["hidden"]})
RIGHTS = ("is_staff", "is_radiographer", "institution")


class NameSearchAdmin(StaffAdmin):
    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Normalise the search words like the columns, so that letter case makes no difference on any database.

        Each word is asked of each column: a database refuses a question of a thousand parts.
        """
        words = normalised(search_term).split()[:_SEARCHED_WORDS]
        return super().get_search_results(request, queryset, " ".join(words))


@admin.register(Institution)
class InstitutionAdmin(NameSearchAdmin):
    list_display = ["name", "people", "created"]
    search_fields = ["name_key"]
    form = InstitutionForm
    readonly_fields = ["identifier"]

    def get_fields(self, request: HttpRequest, obj: Institution | None = None) -> Any:
        return ["name", "identifier", "seen"] if obj else ["name"]

    def save_model(self, request: HttpRequest, obj: Institution, form: ModelForm, change: bool) -> None:
        actor: Any = request.user
        if not change:
            institution_create(actor=actor, institution=obj)
        elif form.changed_data:
            institution_rename(actor=actor, institution=obj, before=form.present(["name"]))  # type: ignore[attr-defined]

    @admin.display(description=_("identifier (the name of its folder below JOBS_FOLDER and JOBS_S3_ROOT)"))
    def identifier(self, institution: Institution) -> str:
        return str(institution.uuid)

    @admin.display(description=_("active people"))
    def people(self, institution: Institution) -> int:
        return institution.users.filter(status=User.Status.ACTIVE).count()


class History(admin.TabularInline):
    """Who did what to the account, when and why, to read."""

    model = AccountEvent
    fk_name = "person"
    fields = ("created", "kind", "actor", "reason")
    readonly_fields = fields
    verbose_name_plural = _("history")
    can_delete = False
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(NameSearchAdmin):
    """People. No field here makes a superuser, and no one types another person's password."""

    list_display = ["username", "name", "status", "institution", "is_radiographer", "is_staff", "email"]
    list_filter = ["status", "institution", "is_radiographer", "is_staff"]
    list_select_related = ["institution"]
    search_fields = ["username_key", "name_key", "email_key"]
    ordering = ["username"]
    actions = None
    change_form_template = "admin/accounts/user/change_form.html"
    add_form_template = "admin/accounts/user/add_form.html"
    fieldsets = [
        (None, {"fields": ["username", "status", "has_second_factor"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "institution"]}),
        (_("Roles"), {"fields": ["is_radiographer", "is_staff"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "first_name", "last_name", "institution"]}),
        (_("Roles"), {"fields": ["is_radiographer", "is_staff"]}),
    ]
    inlines = [History]
    form = PersonForm
    add_form = NewPersonForm

    @admin.display(description=_("Name"))
    def name(self, person: User) -> str:
        return person.display_name

    @admin.display(description=_("second factor"), boolean=True)
    def has_second_factor(self, person: User) -> bool:
        return TOTPDevice.objects.filter(user=person, confirmed=True).exists()

    def get_urls(self) -> list[URLPattern]:
        step = self.admin_site.admin_view(self.step)
        own = [
            path("<int:pk>/step/<slug:name>/", step, name="accounts_user_step"),
            path("import/", self.admin_site.admin_view(self.import_people), name="accounts_user_import"),
        ]
        return [*own, *super().get_urls()]

    def import_people(self, request: HttpRequest) -> HttpResponse:
        return import_view(self, request)

    def step(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        return step_view(self, request, pk, name)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        return [*self.fieldsets, *([_SEEN] if self.has_change_permission(request, obj) else [])]

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **options | ({} if obj else {"form": self.add_form}))

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else []

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser's account is beyond staff."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Administrators do not change their own roles or institution: another administrator does."""
        own = obj is not None and obj.pk == request.user.pk
        return ("status", "has_second_factor", "last_login", "date_joined", *(RIGHTS if own else ()))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        person = context.get("original")
        if person and person.pk != request.user.pk and self.has_change_permission(request, person):
            context["steps"] = [step for step in STEPS.values() if person.status in step.statuses]
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        actor: Any = request.user
        if change:
            fields = form.changed_data
            person_update(actor=actor, person=obj, fields=fields, before=form.present(fields))  # type: ignore[attr-defined]
        else:
            person_register(actor=actor, person=obj)
            # After the transaction: a slow mail server must not hold the database.
            transaction.on_commit(lambda: _invite(request, obj))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AccountError as error:
            messages.error(request, str(error))
            return redirect(request.path)


def _invite(request: HttpRequest, person: User) -> None:
    """Send the first invitation and say what became of it."""
    actor: Any = request.user
    try:
        invitation_send(actor=actor, person=person, site=site_address(request))
    except MailUnavailable as error:
        later = gettext("The person is registered; send the invitation again later.")
        messages.error(request, f"{error} {later}")
    else:
        messages.success(request, gettext("An invitation has been sent to %(email)s.") % {"email": person.email})
