"""The names of the reasons for a refusal, for figures and the site page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


REFUSALS: dict[str, StrPromise] = {
    "unknown-format": gettext_lazy("No JPEG, PNG or DICOM picture"),
    "damaged": gettext_lazy("Damaged or incomplete file"),
    "empty": gettext_lazy("Empty file"),
    "too-large": gettext_lazy("File too large"),
    "too-many-pixels": gettext_lazy("Too many pixels"),
    "too-long-side": gettext_lazy("One side has too many pixels"),
    "too-many-parts": gettext_lazy("File that holds far more than a radiograph"),
    "too-costly": gettext_lazy("File that takes too much memory or time"),
    "many-scans": gettext_lazy("File built to overload a computer"),
    "several-pictures": gettext_lazy("Several pictures in one file"),
    "own-output": gettext_lazy("Heat map or report of this site"),
    "instance-contradiction": gettext_lazy("Stored radiograph with another picture"),
    "view": gettext_lazy("Lateral or oblique view"),
    "few-levels": gettext_lazy("A drawing, not a radiograph"),
    "document": gettext_lazy("A page of a document"),
    "archive": gettext_lazy("ZIP that cannot be opened"),
    "dicom-raw": gettext_lazy("DICOM file with raw data"),
    "dicom-test-image": gettext_lazy("DICOM file with a test image"),
    "dicom-turned": gettext_lazy("DICOM file that was turned"),
    "dicom-inverted": gettext_lazy("DICOM file that may be inverted"),
    "modality": gettext_lazy("A modality other than CR or DX"),
    "body-part": gettext_lazy("Not a chest image"),
    "too-small": gettext_lazy("Too few pixels"),
    "strip": gettext_lazy("A strip, not a radiograph"),
    "colour": gettext_lazy("A colour picture, not a radiograph"),
    "constant": gettext_lazy("Almost no contrast"),
    "noise": gettext_lazy("Noise, not a picture"),
    "dicom-elements": gettext_lazy("DICOM file that holds far more than a radiograph"),
    "dicom-preamble": gettext_lazy("DICOM file that is also a program"),
    "dicom-transfer-syntax": gettext_lazy("DICOM file in a form that is not read"),
    "dicom-object": gettext_lazy("DICOM file that is not a radiograph"),
    "dicom-no-picture": gettext_lazy("DICOM file without a picture"),
    "dicom-layout": gettext_lazy("DICOM file with an unknown layout of pixels"),
    "dicom-contradiction": gettext_lazy("DICOM file that contradicts itself"),
    "compression": gettext_lazy("A compression that is not read"),
    "no-chest": gettext_lazy("Not a chest radiograph"),
    "several": gettext_lazy("More than one radiograph in one picture"),
    "screenshot": gettext_lazy("A screenshot"),
    "photographed": gettext_lazy("A photograph of a screen"),
    "lateral": gettext_lazy("Lateral or oblique view (by the picture)"),
    "turned": gettext_lazy("Turned"),
    "inverted": gettext_lazy("Inverted"),
    "cut": gettext_lazy("Lungs cut off"),
    "blurred": gettext_lazy("Too blurred"),
    "noisy": gettext_lazy("Too noisy"),
    "dark": gettext_lazy("Too dark"),
    "bright": gettext_lazy("Too bright"),
    "child": gettext_lazy("A child"),
    "unlike": gettext_lazy("Unlike the radiographs that the model learned from"),
}
