"""Filters of the administration's lists: what a column without choices holds, in words, and a word for nothing."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import AllValuesFieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.utils.translation import gettext as _


class NamedValues(AllValuesFieldListFilter):
    """The values of a column of text; a list that names them (`value_names`) is offered as it is, without a query."""

    def __init__(
        self, field: models.Field, request: Any, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self.names: dict[str, Any] = getattr(model_admin, "value_names", {}).get(field.name, {})
        if self.names:
            self.lookup_choices: Any = [*self.names, ""]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            shown = str(choice["display"])
            yield {**choice, "display": self.names.get(shown, shown) or _("none")}


def is_text_without_choices(field: models.Field) -> bool:
    return isinstance(field, models.CharField) and field.blank and not field.choices
