"""How the administration writes days and moments: as the rest of the site does (`diagnosis.wording.numbers`)."""
