"""Certificates of an authority of the tests, made by openssl."""

import subprocess
from pathlib import Path


def certificate(folder: Path, name: str, authority: str = "", *, address: str = "127.0.0.1") -> None:
    """A key and a certificate for a program at this address, signed by the authority, or by itself."""
    subject = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={name}", "-batch"]
    signed = ["-CA", f"{authority}.crt", "-CAkey", f"{authority}.key"] if authority else []
    named = ["-addext", f"subjectAltName=IP:{address}"] if authority else []
    command = ["openssl", "req", "-x509", *subject, *signed, *named, "-out", f"{name}.crt", "-days", "2"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
