"""Metrics for Prometheus at /metrics: requests, uploads, queue, model, PACS, database and disk. Totals only."""
