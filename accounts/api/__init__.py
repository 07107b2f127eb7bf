"""Signing in to the API: tokens, limits of use, and how it says no. What can be asked stands in `diagnosis/api`."""
