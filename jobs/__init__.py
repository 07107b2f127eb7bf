"""Many radiographs at once: a ZIP, a folder, what an archive has, or what is stored, in the background and in order."""
