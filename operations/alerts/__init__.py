"""Alerts by e-mail or webhook, off by default: an unreviewed Positive, no backup, a full queue, dead letters."""
