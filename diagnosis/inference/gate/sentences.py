"""Sentences of the learned gate, by code: what is wrong with the picture, and what to do."""

from diagnosis.errors import CorrectableRadiograph, RadiographRejected, gettext_noop
from diagnosis.findings import Verdict
from diagnosis.imaging.corrections import turn_by
from diagnosis.inference.gate.learned import Quality

LIMITED = gettext_noop("Picture quality limited")
"""Heading above the sentence where the answer is Indeterminate for this reason."""

SENTENCES = {
    "no-chest": gettext_noop(
        "This does not look like a chest radiograph. Check the file, and upload the frontal chest radiograph."
    ),
    "several": gettext_noop(
        "The picture seems to show more than one radiograph. Upload each frontal chest radiograph as a file of its own."
    ),
    "screenshot": gettext_noop(
        "This looks like a screenshot: the radiograph is only a part of the picture. "
        "Export the radiograph itself from the viewer or the archive, and upload that."
    ),
    "photographed": gettext_noop(
        "This looks like a photograph of a screen. "
        "Export the radiograph itself from the viewer or the archive, and upload that."
    ),
    "lateral": gettext_noop(
        "This looks like a lateral or oblique view. "
        "Only frontal radiographs (PA or AP) can be assessed. Upload the frontal one."
    ),
    "turned": gettext_noop("The radiograph seems to be turned. Turn it upright, and have it assessed again."),
    "inverted": gettext_noop(
        "The radiograph seems to be inverted: air is bright, and bone is dark. Invert it, and have it assessed again."
    ),
    "cut": gettext_noop(
        "The lungs seem to be cut off at the edge of the picture. "
        "Upload a radiograph that shows both lungs whole, from the apices to the diaphragm."
    ),
    "blurred": gettext_noop(
        "The picture seems too blurred to be assessed. Upload the original file, or repeat the exposure."
    ),
    "noisy": gettext_noop(
        "The picture seems too noisy to be assessed. Upload the original file, or repeat the exposure."
    ),
    "dark": gettext_noop(
        "The picture seems too dark to be assessed. "
        "Change the window in the viewer and export it again, or upload the DICOM file."
    ),
    "bright": gettext_noop(
        "The picture seems too bright to be assessed. "
        "Change the window in the viewer and export it again, or upload the DICOM file."
    ),
    "child": gettext_noop(
        "This looks like the radiograph of a child. "
        "The model is for people of 16 years or older. Read this radiograph without it."
    ),
    "unlike": gettext_noop(
        "The picture is unlike the radiographs that the model learned from. "
        "Check the file and how it was exported. Read this radiograph without the model."
    ),
    "mirrored": gettext_noop(
        "Left and right may be exchanged: the heart seems to lie on the wrong side. "
        "Compare with the side marker. Situs inversus is the other explanation."
    ),
}
"""Of every code that a Quality can have, warnings included."""


def refuse(quality: Quality) -> None:
    """Raise RadiographRejected with the sentence of its code where the picture is refused; else do nothing."""
    if quality.verdict is not Verdict.REFUSED:
        return
    sentence, code = SENTENCES[quality.code], quality.code
    if code == "turned":
        raise CorrectableRadiograph(sentence, code=code, correction=turn_by(quality.quarters))
    if code == "inverted":
        raise CorrectableRadiograph(sentence, code=code, correction="invert")
    raise RadiographRejected(sentence, code=code)
