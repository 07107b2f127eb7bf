"""What may be uploaded."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from diagnosis.radiograph import MAX_FILE_BYTES

TOO_LARGE = "too-large"


class UploadForm(forms.Form):
    """One radiograph. What the file really is its content decides, later; a name or a content type proves nothing."""

    radiograph = forms.FileField(
        label=_("Chest radiograph"),
        error_messages={
            "required": _("Choose a radiograph to upload."),
            "empty": _("This file is empty. Export it again from the device or the archive, then upload it."),
        },
        widget=forms.FileInput(
            attrs={
                "accept": ".jpg,.jpeg,.png,.dcm,.dicom,image/jpeg,image/png,application/dicom",
                "class": "form-control",
            }
        ),
    )

    max_bytes = MAX_FILE_BYTES

    def clean_radiograph(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["radiograph"]
        if (file.size or 0) > MAX_FILE_BYTES:
            raise forms.ValidationError(
                _("This file is larger than %(megabytes)d MB. Export it smaller or compressed, then upload it."),
                code=TOO_LARGE,
                params={"megabytes": MAX_FILE_BYTES // 1024**2},
            )
        return file
