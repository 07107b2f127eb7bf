"""MySQL and MariaDB by Django, with migrations that can be run again after a failure (docs/decisions/0100-mysql.md)."""
