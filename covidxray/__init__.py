"""The Django project: settings, addresses and what applies to every page."""
