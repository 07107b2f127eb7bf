"""The e-mail to people who are asked to read. It names no patient and not the reader study, whose name is free text."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.mail import mail_later
from reader_studies.models import ReaderStudy


def mail_asked(*, reader_study: ReaderStudy, site: str) -> None:
    """Tell every reader of a study that was opened; `site` is the address of the site, without a final slash.

    A mail server that takes no message keeps nobody from reading: it is in the list of reader studies, too.
    """
    link, cases = f"{site}{reader_study.get_absolute_url()}", reader_study.cases.count()
    context = {"leader": reader_study.leader.display_name, "cases": cases, "link": link}
    for reader in reader_study.readers.select_related("person"):
        with override(reader.person.language or settings.LANGUAGE_CODE):
            body = render_to_string("reader_studies/mail/asked.txt", context)
            mail_later(person=reader.person, subject=_("You are asked to read radiographs at covidxray"), body=body)
