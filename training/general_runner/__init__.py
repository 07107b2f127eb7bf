"""A run of the preset `general`: pictures, features of two views, heads by left-out sources, opacities, a version.

What every run of it learns and how it is judged: docs/decisions/0005-unseen-hospitals.md. Lungs and gate are taken from
a folder that already has them (`train_lung_fields` and `train_gate` make them).
"""
