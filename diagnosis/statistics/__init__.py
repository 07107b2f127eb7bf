"""Activity and scorecard."""
