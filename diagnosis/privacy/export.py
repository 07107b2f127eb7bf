"""Everything stored of one patient as one archive: JSON, files as they were uploaded, pictures, reports, hashes.

For the patient's right of access (GDPR, Article 15): it names people of the staff by identifier only.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models.fields.files import FieldFile

from accounts.models import User
from audit.models import Action
from diagnosis.history.recording import patient_record
from diagnosis.models import Diagnosis, Patient, Report, Study
from diagnosis.models.locking import locked
from diagnosis.privacy.keepers import KEEPERS, Keeper

_ENDINGS = {"DICOM": "dcm", "JPEG": "jpg", "PNG": "png", "TIFF": "tif", "BMP": "bmp", "WEBP": "webp"}
_LEFT_OUT = {"id", "institution", "heat_map", "opacity_map", "original", "display", "thumbnail", "full", "pdf"}


@dataclass
class _Archive:
    """A zip file being written, with the hash of everything in it."""

    file: zipfile.ZipFile
    hashes: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, content: bytes) -> None:
        self.file.writestr(name, content)
        self.hashes[name] = hashlib.sha256(content).hexdigest()

    def add_stored(self, name: str, stored: FieldFile) -> None:
        try:
            with stored.open("rb") as opened:
                self.add(name, opened.read())
        except (FileNotFoundError, ValueError):
            self.missing.append(name)


def patient_export(*, actor: User | None, patient: Patient, to: Path) -> list[str]:
    """Write the archive, which only its owner can read; the names of files that the storage has lost.

    Raises Erased, FileExistsError and other OSErrors, and then no file is left. It is recorded before the file
    gets its name.
    """
    if to.exists():
        raise FileExistsError(to)
    part = to.with_name(f".{to.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
            archive = _Archive(opened)
            _fill(archive, patient)
        with transaction.atomic():
            locked(patient)
            patient_record(Action.PATIENT_EXPORTED, patient=patient, actor=actor, files=len(archive.hashes))
        os.rename(part, to)
    finally:
        part.unlink(missing_ok=True)
    return archive.missing


def _fill(archive: _Archive, patient: Patient) -> None:
    studies = [_study(archive, study) for study in patient.studies.order_by("pk")]
    merged = [_values(row) for row in patient.all_merged()]
    content = {"patient": _values(patient), "merged": merged, "studies": studies, "files_missing": archive.missing}
    for keeper in KEEPERS:
        content[keeper.name] = _kept(archive, keeper, [patient, *patient.all_merged()])
    text = json.dumps(content, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
    archive.add("patient.json", text.encode())
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(archive.hashes.items()))
    archive.file.writestr("SHA256SUMS", sums)


def _kept(archive: _Archive, keeper: Keeper, patients: list[Patient]) -> list[dict[str, Any]]:
    for name, content in keeper.files(patients):
        archive.add(f"{keeper.name}/{name}", content)
    return [_values(row) for row in keeper.rows(patients)]


def _study(archive: _Archive, study: Study) -> dict[str, Any]:
    folder = f"studies/{study.uuid}"
    archive.add_stored(f"{folder}/original.{_ENDINGS.get(study.format, 'bin')}", study.original)
    archive.add_stored(f"{folder}/display.jpg", study.display)
    return {
        **_values(study),
        "results": [_result(archive, folder, result) for result in study.diagnoses.order_by("pk")],
        "own_readings": [_values(row) for row in study.own_readings.order_by("pk")],
        "outcomes": [_values(row) for row in study.outcomes.order_by("pk")],
        "history": [_values(row) for row in study.events.order_by("pk")],
        "reports": [_report(archive, row) for row in Report.objects.of_study(study).order_by("pk")],
        **_of_apps_above(study),
    }


def _of_apps_above(study: Study) -> dict[str, Any]:
    """Rows of other apps that belong to the study and say how they are exported, such as cases of reader studies."""
    models = [each.related_model for each in Study._meta.related_objects]
    named = [model for model in models if hasattr(model, "exported_with_study")]
    rows = {model._meta.model_name: model._default_manager.filter(study=study).order_by("pk") for model in named}
    return {str(name): [row.exported_with_study() for row in found] for name, found in rows.items()}


def _result(archive: _Archive, folder: str, result: Diagnosis) -> dict[str, Any]:
    if result.heat_map:
        archive.add(f"{folder}/heat-map-{result.uuid}.png", bytes(result.heat_map))
    if result.opacity_map:
        archive.add(f"{folder}/opacity-map-{result.uuid}.png", bytes(result.opacity_map))
    findings = [_values(row) for row in result.findings.order_by("pk")]
    more = {"model_version": result.model_version.version, "weights_sha256": result.model_version.weights_sha256}
    reviews = [_values(row) for row in result.reviews.order_by("pk")]
    return {**_values(result), **more, "model_findings": findings, "reviews": reviews}


def _report(archive: _Archive, report: Report) -> dict[str, Any]:
    archive.add_stored(f"reports/{report.code}.pdf", report.pdf)
    return {**_values(report), "state": report.state}


def _values(row: models.Model) -> dict[str, Any]:
    """Every column of a row that says something: what it points to by UUID, and no key or copy made for searching."""
    fields = [each for each in row._meta.concrete_fields if each.name not in _LEFT_OUT]
    return {each.name: _value(row, each) for each in fields if not each.name.endswith("_key")}


def _value(row: models.Model, column: models.Field) -> Any:
    value = getattr(row, column.name)
    return getattr(value, "uuid", None) if column.is_relation else value
