"""The filter of the list of results, as its address has it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from diagnosis.findings import CLASS_NAMES
from diagnosis.form_fields import DayField
from diagnosis.models import Conclusion, Diagnosis, DiagnosisQuerySet, ModelVersion, Outcome, ReviewState, Standing
from diagnosis.models.fields import KEY_LENGTH, search_key, words_of
from diagnosis.models.ordering import LEAST_PROBABLE_FIRST, MOST_PROBABLE_FIRST, NEWEST_FIRST, OLDEST_FIRST
from diagnosis.models.results import UNKNOWN_OUTCOME
from diagnosis.models.words import words_typed
from diagnosis.results.notes import MOST_WORDS, READ_STUDIES, SHORTEST_WORD, reads_newest_only
from diagnosis.results.search import ResultFilter
from diagnosis.reviews.blinding import hides_some

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

NEWEST = "newest"
ORDERS = {
    NEWEST: (NEWEST_FIRST, _("Newest first")),
    "oldest": (OLDEST_FIRST, _("Oldest first")),
    "highest": (MOST_PROBABLE_FIRST, _("Highest probability first")),
    "lowest": (LEAST_PROBABLE_FIRST, _("Lowest probability first")),
}
ONLY_VOIDED = "only"
_PERCENT_EXPECTED = _("Enter a number from 0 to 100.")
_TOO_SHORT = _("Enter words of at least %(letters)d letters or digits: shorter ones cannot be searched.")
_TOO_MANY = _("Enter at most %(words)d words.")

QUICK = (
    ("prediction", "Positive", _("Positive")),
    ("prediction", "Indeterminate", _("Indeterminate")),
    ("review", ReviewState.UNREVIEWED.value, _("Not reviewed")),
    ("review", ReviewState.DISAGREES.value, _("Disagrees")),
    ("outcome", UNKNOWN_OUTCOME, _("No RT-PCR yet")),
    ("outcome", Outcome.Result.POSITIVE.value, _("RT-PCR positive")),
)
"""What people ask most: a field, its value and the words."""


class PercentField(forms.DecimalField):
    """A probability: per cents in the address, 0 to 1 in the filter."""

    def __init__(self, label: StrPromise) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=0,
            max_value=100,
            widget=forms.NumberInput(attrs={"class": "form-control", "min": "0", "max": "100", "step": "any"}),
            error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _PERCENT_EXPECTED),
        )

    def clean(self, value: Any) -> Any:
        percent: Decimal | None = super().clean(value)
        return None if percent is None else float(percent / 100)


class OneOfField(forms.ChoiceField):
    """One of the choices that the form offers, or all of them where nothing is chosen."""

    def __init__(self, label: StrPromise, unknown: StrPromise) -> None:
        widget = forms.Select(attrs={"class": "form-select"})
        super().__init__(label=label, required=False, widget=widget, error_messages={"invalid_choice": unknown})


class SearchWordsField(forms.CharField):
    """Words to look for in clinical notes. One that no index holds is refused and not left out."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Words in the notes"),
            required=False,
            max_length=200,
            widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
            error_messages={"max_length": _("Look for at most %(limit_value)d characters.")},
        )

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        words = words_of(text)
        if text and min(map(len, words), default=0) < SHORTEST_WORD:
            raise forms.ValidationError(_TOO_SHORT, code="too-short", params={"letters": SHORTEST_WORD})
        if len(words) > MOST_WORDS:
            raise forms.ValidationError(_TOO_MANY, code="too-many", params={"words": MOST_WORDS})
        return text


def _what_is_searched() -> str:
    """At the field, because an incomplete search must not look like a complete one."""
    if not reads_newest_only():
        return gettext("Word beginnings; all must match in one note.")
    return gettext("Word beginnings; all must match in one note, in the newest %(number)s uploads.") % {
        "number": number_format(READ_STUDIES, force_grouping=True)
    }


@dataclass(frozen=True)
class Narrowing:
    """A filter, and the address of the list without it, or with it where it is not in force."""

    label: str
    value: str
    address: str


class ResultFilterForm(forms.Form):
    """Checks a filter from an address, and offers what there is to filter by."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=KEY_LENGTH,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "class": "form-control",
                "autocomplete": "off",
                "aria-describedby": "search-hint id_q_error",
            }
        ),
        error_messages={"max_length": _("Search for at most %(limit_value)d characters.")},
    )
    notes = SearchWordsField()
    prediction = OneOfField(_("Answer"), _("There is no such answer. Choose one from the list."))
    review = OneOfField(_("Review"), _("There is no such review. Choose one from the list."))
    conclusion = OneOfField(_("Reader's conclusion"), _("There is no such conclusion. Choose one from the list."))
    outcome = OneOfField(_("RT-PCR"), _("There is no such outcome. Choose one from the list."))
    appearance = OneOfField(
        _("Most probable appearance or class"), _("There is no such appearance or class. Choose one from the list.")
    )
    since = DayField(_("Classified from"))
    until = DayField(_("Classified until"))
    by = OneOfField(_("Radiographer"), _("No result here is by this person. Choose one from the list."))
    model = OneOfField(_("Model version"), _("No result here is by this model version. Choose one from the list."))
    low = PercentField(_("Probability from (%)"))
    high = PercentField(_("Probability to (%)"))
    voided = OneOfField(_("Voided uploads"), _("There is no such choice. Choose one from the list."))
    sort = OneOfField(_("Order"), _("There is no such order. Choose one from the list."))

    def __init__(self, user: User, **options: Any) -> None:
        super().__init__(label_suffix="", **options)
        self.user = user
        self.people = {str(person.uuid): person for person in people_with_results(user)}
        self.versions = {str(version.uuid): version for version in versions_with_results(user)}
        everything = ("", _("All"))
        choices = {
            "prediction": [everything, *Diagnosis.Label.choices],
            "review": [everything, *ReviewState.choices],
            "conclusion": [everything, *Conclusion.choices],
            "outcome": [everything, (UNKNOWN_OUTCOME, _("Unknown")), *Outcome.Result.choices],
            "appearance": [everything, *Diagnosis.Appearance.choices, *((name, name) for name in self._own_classes())],
            "voided": [("", _("Left out")), (ONLY_VOIDED, _("Only voided ones"))],
            "by": [everything, *((key, person.display_name) for key, person in self.people.items())],
            "model": [everything, *((key, version.version) for key, version in self.versions.items())],
            "sort": [(key, name) for key, (_order, name) in ORDERS.items()],
        }
        self.fields["notes"].help_text = _what_is_searched()
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]

    def _own_classes(self) -> list[str]:
        """Of all versions that have classes of their own, by name."""
        lists = (version.class_names for version in self.versions.values())  # type: ignore[attr-defined]
        names = {str(name) for listed in lists if listed != list(CLASS_NAMES) for name in listed or ()}
        return sorted(names - set(Diagnosis.Appearance.values))

    def clean_q(self) -> str:
        """The search words as typed; nothing where only separators were typed."""
        text: str = self.cleaned_data["q"]
        if search_key(text) and not words_typed(text):
            raise forms.ValidationError(_("Enter letters or digits to search for."), code="no-word")
        return text if words_typed(text) else ""

    def clean(self) -> None:
        self._refuse_empty_range("since", "until", _("This date is before the first one."))
        self._refuse_empty_range("low", "high", _("This is less than the lowest probability."))

    def _refuse_empty_range(self, first: str, last: str, message: StrPromise) -> None:
        lowest, highest = self.cleaned_data.get(first), self.cleaned_data.get(last)
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error(last, forms.ValidationError(message, code="empty-range"))

    @property
    def result_filter(self) -> ResultFilter:
        """The filter, of a form that is valid."""
        values = self.cleaned_data
        return ResultFilter(
            text=values["q"],
            notes=values["notes"],
            prediction=values["prediction"],
            review=values["review"],
            conclusion=values["conclusion"],
            outcome=values["outcome"],
            appearance=values["appearance"],
            first_day=values["since"],
            last_day=values["until"],
            radiographer=self.people[values["by"]].pk if values["by"] else None,
            model_version=self.versions[values["model"]].pk if values["model"] else None,
            lowest=values["low"],
            highest=values["high"],
            standing=Standing.VOIDED if values["voided"] == ONLY_VOIDED else Standing.KEPT,
            order=ORDERS[self.sort_name][0],
        )

    @property
    def sort_name(self) -> str:
        return self.cleaned_data["sort"] or NEWEST

    @property
    def in_force(self) -> list[Narrowing]:
        """Every parameter that narrows the list, whether it could be understood or not."""
        names = [name for name in self.fields if name != "sort" and self.data.get(name, "").strip()]
        return [Narrowing(str(self.fields[name].label), self._shown(name), self._without(name)) for name in names]

    @property
    def quick(self) -> list[Narrowing]:
        """Filters one step away that are not in force, each with the address of the list with it."""
        return [
            Narrowing("", str(label), self._with(name, value))
            for name, value, label in QUICK
            if self.data.get(name) != value
        ]

    @property
    def leaves_out_unread(self) -> bool:
        """Whether studies are missing from the list because the person has not read them yet (blind reading)."""
        return self.is_valid() and self.result_filter.tells_the_answer and hides_some(self.user)

    @property
    def needs_correction(self) -> bool:
        """Whether there is something to correct apart from the search."""
        return any(name != "q" for name in self.errors)

    def _shown(self, name: str) -> str:
        value = self.data[name]
        choices = getattr(self.fields[name], "choices", ())
        return str(dict(choices).get(value, value))[:KEY_LENGTH]

    def _without(self, name: str) -> str:
        return f"?{urlencode(self._all_but(name))}"

    def _with(self, name: str, value: str) -> str:
        return f"?{urlencode({**self._all_but(name), name: value})}"

    def _all_but(self, name: str) -> dict[str, str]:
        return {key: value for key, value in self.data.items() if key in self.fields and key != name and value}


def people_with_results(user: User) -> QuerySet[User]:
    """Everybody who has had a radiograph of the person's institution classified, whatever became of the account."""
    theirs = Diagnosis.objects.visible_to(user).filter(requested_by=OuterRef("pk"))
    return User.objects.filter(_any_of(theirs)).order_by("first_name", "last_name", "username")


def versions_with_results(user: User) -> QuerySet[ModelVersion]:
    """Every model version that has answered in the person's institution, newest first."""
    theirs = Diagnosis.objects.visible_to(user).filter(model_version=OuterRef("pk"))
    names = F("card__contract__class_names")
    return ModelVersion.objects.filter(_any_of(theirs)).annotate(class_names=names).defer("card")


def _any_of(results: DiagnosisQuerySet) -> Q:
    """A query for each standing separately: then each uses an index of the list."""
    return Q(Exists(results.kept())) | Q(Exists(results.voided()))
