"""Readings, reviews, outcomes; blind reading."""
