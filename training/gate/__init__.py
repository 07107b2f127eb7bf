"""The learned gate: pictures that must be refused, the heads that see it, thresholds from left-out sources, figures."""
