"""Commands that run until they are stopped: what SIGTERM and SIGINT set, so that a round ends before its process."""

import signal
import threading


def stopped_by_signal() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
