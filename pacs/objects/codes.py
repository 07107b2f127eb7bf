"""The codes of a structured report: SNOMED CT and DICOM where they have one, else this program's own (99COVIDXRAY)."""

from __future__ import annotations

import hashlib

from pydicom.sr.coding import Code

from diagnosis.findings import Appearance, OpacityAnswer, Prediction
from diagnosis.models import Conclusion, Diagnosis, Finding, ReviewState

OWN_SCHEME = "99COVIDXRAY"


def _own(value: str, meaning: str) -> Code:
    return Code(value, OWN_SCHEME, meaning)


COVID_19 = Code("840539006", "SCT", "COVID-19")
CHEST_RADIOGRAPHY = Code("399208008", "SCT", "Plain X-ray of chest")
LUNGS = Code("39607008", "SCT", "Lung")
NO_UNITS = Code("1", "UCUM", "no units")

PROBABILITY = _own("covid-prob", "Calibrated probability of COVID-19")
OPERATING_POINT = _own("operating-point", "Operating point of that probability")
INDETERMINATE_FROM = _own("unclear-from", "Indeterminate from this probability")
POSITIVE_FROM = _own("positive-from", "Positive from this probability")
OPACITY_PROBABILITY = _own("opacity-prob", "Calibrated probability of opacities")

STATE = _own("state", "State of this answer")
WITHDRAWN = _own("withdrawn", "Withdrawn: do not use this answer")
REPLACES = _own("replaces", "Replaces an earlier answer")
USE = _own("intended-use", "Intended use")
NO_DIAGNOSIS = _own("no-diagnosis", "Decision support for research, not a diagnosis")

ANSWER = _own("answer", "Answer of the model")
ANSWERS = {
    Prediction.POSITIVE: Code("10828004", "SCT", "Positive"),
    Prediction.NEGATIVE: Code("260385009", "SCT", "Negative"),
    Prediction.INDETERMINATE: Code("82334004", "SCT", "Indeterminate"),
}
QUALITY = _own("picture-quality", "Quality of the picture")
QUALITIES = {
    Diagnosis.Quality.GOOD.value: _own("good", "Good"),
    Diagnosis.Quality.LIMITED.value: _own("limited", "Limited"),
}
APPEARANCE_PROBABILITIES = {
    Appearance.TYPICAL.value: _own("typical-prob", "Calibrated probability of a typical appearance"),
    Appearance.INDETERMINATE.value: _own("unclear-prob", "Calibrated probability of an indeterminate appearance"),
    Appearance.ATYPICAL.value: _own("atypical-prob", "Calibrated probability of an atypical appearance"),
    Appearance.NEGATIVE.value: _own("negative-prob", "Calibrated probability of negative for pneumonia"),
}
"""What readers may call the radiograph (RSNA consensus); none of them is the answer."""


def finding_probability(name: str) -> Code:
    """Of an appearance, or of a class that a site's version has by a name of its own: the same code for each name."""
    if code := APPEARANCE_PROBABILITIES.get(name):
        return code
    return _own(f"class-{hashlib.sha256(name.encode()).hexdigest()[:10]}", f"Calibrated probability of class {name}")


NOT_LOOKED_FOR = _own("not-looked-for", "What the answer says nothing of")
OPACITIES = _own("opacities", "Opacities in the lungs")
OPACITY_ANSWERS = {
    OpacityAnswer.YES.value: Code("52101004", "SCT", "Present"),
    OpacityAnswer.UNCLEAR.value: Code("82334004", "SCT", "Indeterminate"),
    OpacityAnswer.NO.value: Code("2667000", "SCT", "Absent"),
}
CONCLUSION = _own("conclusion", "Reader's conclusion")
CONCLUSIONS = {
    Conclusion.LIKELY.value: _own("covid-likely", "COVID likely"),
    Conclusion.UNLIKELY.value: _own("covid-unlikely", "COVID unlikely"),
    Conclusion.UNSURE.value: _own("cannot-tell", "Cannot tell"),
}
FINDING = Code("121071", "DCM", "Finding")
FINDINGS = {
    Finding.GROUND_GLASS.value: Code("112120", "DCM", "Ground glass opacity"),
    Finding.CONSOLIDATION.value: _own("consolidation", "Consolidation"),
    Finding.INTERSTITIAL.value: Code("112004", "DCM", "Abnormal interstitial pattern"),
    Finding.EFFUSION.value: Code("60046008", "SCT", "Pleural effusion"),
    Finding.PNEUMOTHORAX.value: Code("36118008", "SCT", "Pneumothorax"),
    Finding.HEART.value: _own("enlarged-heart", "Enlarged heart"),
    Finding.NODULE.value: _own("nodule-or-mass", "Nodule or mass"),
    Finding.DEVICE.value: _own("device", "Line, tube or device"),
    Finding.QUALITY.value: _own("limited-quality", "Limited picture quality"),
}
COMMENT = Code("121106", "DCM", "Comment")
VERDICT = _own("verdict", "Reader's verdict on the model's answer")
VERDICTS = {
    ReviewState.AGREES.value: _own("agrees", "Agrees"),
    ReviewState.DISAGREES.value: _own("disagrees", "Disagrees"),
    ReviewState.UNSURE.value: _own("unsure", "Cannot tell"),
    ReviewState.DECIDED.value: _own("decided", "Decided by the reader"),
}


def finding(value: str) -> Code:
    """A code that is no longer on the list stays."""
    return FINDINGS.get(value) or _own(value, value)
