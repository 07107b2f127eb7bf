"""People, their institutions and roles, and how they sign in."""
