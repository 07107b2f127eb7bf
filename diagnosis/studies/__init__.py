"""Edit, move, void, restore a study."""
