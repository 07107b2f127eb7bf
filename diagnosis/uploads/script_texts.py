"""What the script of the upload page says. It is in the page as JSON, in the person's language."""

from django.conf import settings
from django.utils.translation import gettext as _

from diagnosis.imaging.limits import MAX_FILE_BYTES


def script_texts(*_form: object) -> dict[str, str]:
    """Sentences by name; `{…}` is filled in by the script."""
    megabytes = MAX_FILE_BYTES // 1024**2
    request_megabytes = settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2
    return {
        "none": _("Choose a radiograph to upload."),
        "waiting": _("Waiting"),
        "sending": _("Sending: {percent} %"),
        "classifying": _("Classifying…"),
        "again": _("Waiting: the server is busy. Tried again in {seconds} s."),
        "done": _("Classified"),
        "repeat": _("Already uploaded"),
        "voided": _("Voided"),
        "stored": _("Stored without an answer"),
        "refused": _("Not classified"),
        "failed": _("Not classified"),
        "stopped": _("Stopped"),
        "finished": _("Finished: {finished} of {all}"),
        "stoppedUnsent": _("Stopped before the upload was complete: nothing was stored."),
        "stoppedSent": _("You stopped waiting. The server may still finish: look in the list of results."),
        "tooLarge": _("This file is larger than %(megabytes)d MB. Export it smaller or compressed, then upload it.")
        % {"megabytes": megabytes},
        "tooLargeForServer": _(
            "The server refused this as too large. A request may hold %(megabytes)d MB, and a proxy in front of the "
            "server may allow less: tell your administrator."
        )
        % {"megabytes": request_megabytes},
        "tooMany": _("At most {most} files at once: {left} were left out. Choose them again when these are done."),
        "emptyFolder": _("There is no file in this folder."),
        "unreadableFolder": _("This folder cannot be read. Open it, and drop the files in it."),
        "signedOut": _(
            "You are signed out. Sign in again in another tab, then press “Try again”: nothing here is lost."
        ),
        "otherPerson": _("Another person is now signed in in this browser, so nothing more was sent. Reload the page."),
        "forbidden": _(
            "The server refused the request. Reload the page; if that does not help, ask your administrator."
        ),
        "network": _("The server could not be reached. Check the connection, then press “Try again”: the others wait."),
        "unavailable": _("The service is not available at the moment. Try again in a few minutes."),
        "full": _("The storage of the server is full: nothing was stored. Tell your administrator."),
        "fault": _(
            "An error happened on the server, and nothing was stored. Try again; if it happens again, tell your "
            "administrator."
        ),
        "unexpected": _("The server gave an unexpected answer. Reload the page and try again."),
        "correct": _(
            "Correct what is marked under “Patient, projection and notes”, then go on. The other files were not sent."
        ),
        "kilobytes": _("{number} kB"),
        "megabytes": _("{number} MB"),
    }
