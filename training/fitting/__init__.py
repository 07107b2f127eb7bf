"""Recipe, features, two stages."""
