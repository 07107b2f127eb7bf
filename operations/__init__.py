"""How the site itself is doing: figures for those who keep it running. Nothing of a patient."""
