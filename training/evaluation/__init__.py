"""Figures with intervals, calibration, operating point, plots, shortcut audit."""
