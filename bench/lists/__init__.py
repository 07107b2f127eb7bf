"""A database of invented results, and how long its lists take: `python -m bench.lists seed` and `… time`."""
