"""What readers call a radiograph (RSNA consensus), as pages, reports and exports say it."""

from django.utils.translation import gettext_lazy as _

from diagnosis.findings import Appearance

APPEARANCES = {
    Appearance.TYPICAL: _("Typical appearance"),
    Appearance.INDETERMINATE: _("Indeterminate appearance"),
    Appearance.ATYPICAL: _("Atypical appearance"),
    Appearance.NEGATIVE: _("Negative for pneumonia"),
}
"""In the order in which they are shown."""


def finding_in_words(name: str) -> str:
    """Of a finding's name, as the model gives it; the name itself where this program knows no word for it."""
    return str(APPEARANCES[Appearance(name)]) if name in set(Appearance) else name
