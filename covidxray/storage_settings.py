"""Where radiographs and reports are stored: MEDIA_ROOT, or a bucket (docs/storage.md). Part of the settings."""

from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from covidxray.environment import Environment

_env = Environment()  # whatever file there is was read by covidxray.settings

# Without a bucket's name everything is on the disk. Without an address: Amazon's. Without a key: the machine's role.
STORAGE_S3_BUCKET: str = _env.str("STORAGE_S3_BUCKET", default="")
STORAGE_S3_PREFIX: str = _env.str("STORAGE_S3_PREFIX", default="").strip("/")
STORAGE_S3_ENDPOINT: str = _env.str("STORAGE_S3_ENDPOINT", default="")
STORAGE_S3_REGION: str = _env.str("STORAGE_S3_REGION", default="")
STORAGE_S3_KEY: str = _env.str("STORAGE_S3_KEY", default="")
STORAGE_S3_SECRET: str = _env.str("STORAGE_S3_SECRET", default="").strip()
# Path: the authority of the storage's certificate, where it is the hospital's own.
STORAGE_S3_CA_FILE: str = _env.str("STORAGE_S3_CA_FILE", default="")
# Asked of the storage with every file: AES256, or aws:kms with the key of that name.
STORAGE_S3_ENCRYPTION: str = _env.str("STORAGE_S3_ENCRYPTION", default="", choices=["", "AES256", "aws:kms"])
STORAGE_S3_KMS_KEY: str = _env.str("STORAGE_S3_KMS_KEY", default="")


def _encryption() -> dict[str, str]:
    asked = {"ServerSideEncryption": STORAGE_S3_ENCRYPTION, "SSEKMSKeyId": STORAGE_S3_KMS_KEY}
    return {name: value for name, value in asked.items() if value}


def stored_files() -> dict[str, Any]:
    """The storage, as Django's STORAGES names it."""
    if not STORAGE_S3_BUCKET:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured("STORAGE_S3_BUCKET needs the packages of requirements-s3.txt.")
    options = {
        "bucket_name": STORAGE_S3_BUCKET,
        "location": STORAGE_S3_PREFIX,
        "endpoint_url": STORAGE_S3_ENDPOINT or None,
        "region_name": STORAGE_S3_REGION or None,
        "access_key": STORAGE_S3_KEY or None,
        "secret_key": STORAGE_S3_SECRET or None,
        "verify": STORAGE_S3_CA_FILE or None,
        "object_parameters": _encryption(),
        # A hospital's server has no host name for each bucket.
        "addressing_style": "path" if STORAGE_S3_ENDPOINT else "auto",
    }
    return {"BACKEND": "diagnosis.files.object_storage.Bucket", "OPTIONS": options}
