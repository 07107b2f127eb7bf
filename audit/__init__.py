"""Who did what to whose data, and when: a chain of entries that nothing here changes."""
