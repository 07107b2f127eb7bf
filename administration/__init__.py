"""Django's administration site, and who may do what in it."""
