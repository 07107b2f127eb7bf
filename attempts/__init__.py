"""Rows that are worked on until they are done or given up: leases, growing pauses, bounded attempts (pacs/, jobs/)."""
