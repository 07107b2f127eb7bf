"""Whether the site in this container answers: status 0 or 1, for HEALTHCHECK. It asks /healthz at gunicorn's socket."""

import os
import socket
import sys


def answers(path: str, host: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(8)
        connection.connect(path)
        connection.sendall(f"GET /healthz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        return connection.recv(64).split(b" ")[1:2] == [b"200"]


if __name__ == "__main__":
    try:
        healthy = answers(os.environ["BIND"].removeprefix("unix:"), os.environ["ALLOWED_HOSTS"].partition(",")[0])
    except (OSError, KeyError) as error:
        sys.exit(f"The site does not answer: {error}")
    sys.exit(0 if healthy else "The site does not answer with 200.")
