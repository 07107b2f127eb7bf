"""Folders, refusals, near duplicates, splits, augmentation."""
