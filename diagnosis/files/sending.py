"""A stored file as an answer: sent by Django, or by nginx, which gets no more than the file's name.

What is in a bucket (S3) Django passes on as it reads it: no address of the bucket ever leaves the server (0107).

The caller has checked the permission. nginx keeps its side of it in deploy/nginx/covidxray.conf.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header


def stored(file: FieldFile) -> FieldFile:
    """The file, opened. Raises FileNotFoundError."""
    if not file:
        raise FileNotFoundError
    return file.open("rb")


def picture_answer(file: FieldFile) -> HttpResponseBase:
    """A stored JPEG, to be shown. Raises FileNotFoundError."""
    if settings.X_ACCEL_PREFIX:
        return _by_nginx(file, "image/jpeg")
    return _by_django(file, content_type="image/jpeg")


def download_answer(file: FieldFile, name: str) -> HttpResponseBase:
    """A stored file, only ever to be saved: without a type that a browser would open. Raises FileNotFoundError."""
    opaque = "application/octet-stream"
    if settings.X_ACCEL_PREFIX:
        return _by_nginx(file, opaque, disposition=content_disposition_header(True, name) or "attachment")
    return _by_django(file, as_attachment=True, filename=name, content_type=opaque)


_ENDINGS = {
    "DICOM": (".dcm", ".dicom"),
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
}


def download_name(name: str, kind: str) -> str:
    """The name that a file had, with the ending of what it really is: a computer opens it by its ending."""
    endings = _ENDINGS.get(kind, (".bin",))
    return name if name.lower().endswith(endings) else name + endings[0]


def pdf_answer(file: FieldFile, pdf: bytes, disposition: str) -> HttpResponse:
    """A stored PDF that was read, and found to be right, already. `disposition`: the whole Content-Disposition."""
    if settings.X_ACCEL_PREFIX:
        return _by_nginx(file, "application/pdf", disposition=disposition)
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": disposition})


def _by_django(file: FieldFile, **options: Any) -> FileResponse:
    if not hasattr(default_storage, "stream"):
        return FileResponse(stored(file), **options)
    if not file:
        raise FileNotFoundError
    body, size = default_storage.stream(file.name)
    response = FileResponse(body, **options)
    response["Content-Length"] = str(size)
    return response


def _by_nginx(file: FieldFile, content_type: str, *, disposition: str = "inline") -> HttpResponse:
    headers = {"X-Accel-Redirect": _address_in_nginx(file), "Content-Disposition": disposition}
    return HttpResponse(content_type=content_type, headers=headers)


def _address_in_nginx(file: FieldFile) -> str:
    """Under X_ACCEL_PREFIX. Raises FileNotFoundError, and SuspiciousFileOperation for a name that leads elsewhere."""
    if not file:
        raise FileNotFoundError
    root = Path(settings.MEDIA_ROOT).resolve()
    path = Path(file.path).resolve(strict=True)
    if not (path.is_relative_to(root) and path.is_file()):
        raise SuspiciousFileOperation("A stored file's name leads out of MEDIA_ROOT.")
    return settings.X_ACCEL_PREFIX + quote(str(path.relative_to(root)))
