"""Which tests `make test-mysql` repeats on MariaDB: those whose outcome the database server can change.

The pages, forms, pictures and files of the others go through the same queries on either server, and the tests of those
queries are here. Paths are below tests/; a folder means everything in it.
"""

REPEATED = (
    "accounts/test_lockout.py",  # counts under a lock
    "accounts/test_models.py",  # unique keys, check constraints
    "accounts/test_scope.py",
    "accounts/test_sessions.py",
    "accounts/test_invitations.py",  # a link that two people use at once
    "accounts/test_admin.py",  # searches
    "api/test_faults.py",  # the server goes away
    "api/test_limits.py",  # counts under a lock
    "api/test_results.py",  # pages of a list
    "audit",  # the chain's order under concurrent writers
    "backup/test_failing.py",
    "backup/test_making.py",  # one snapshot while others write
    "backup/test_round_trip.py",  # dates, text and JSON of each column and back
    "bench/test_invented_results.py",
    "diagnosis/files/test_strays.py",
    "diagnosis/files/test_storing.py",
    "diagnosis/history",
    "diagnosis/home",
    "diagnosis/models",
    "diagnosis/patients",
    "diagnosis/privacy",
    "diagnosis/reports/test_services.py",
    "diagnosis/results/test_comparison.py",
    "diagnosis/results/test_list.py",
    "diagnosis/results/test_list_of_reviews.py",
    "diagnosis/results/test_newest.py",
    "diagnosis/results/test_notes.py",  # the full-text index
    "diagnosis/results/test_query_plans.py",
    "diagnosis/results/test_search.py",
    "diagnosis/reviews/test_services.py",
    "diagnosis/statistics",  # durations and days computed by the server
    "diagnosis/uploads/test_answers.py",
    "diagnosis/uploads/test_services.py",  # the same file at the same moment
    "diagnosis/worklist",  # two people ask for the next study at once
    "faults",
    "jobs/test_work.py",  # claims under locks, keys that are there already
    "operations/test_database.py",
    "operations/test_site_page.py",
    "pacs/test_services.py",  # claims and unique rows under locks
    "pacs/test_outbox.py",  # one row for each object
    "reader_studies/test_services.py",  # unique rows, locks
    "test_spelling.py",  # collations
)
ONLY_THERE = ("test_with_mariadb.py",)
"""What is no test of the site, and runs there only."""


def is_repeated(path: str) -> bool:
    """path: of a test's file, below tests/, with slashes."""
    return any(path == entry or path.startswith(f"{entry}/") for entry in REPEATED)


if __name__ == "__main__":
    print(*(f"tests/{entry}" for entry in REPEATED + ONLY_THERE))  # noqa: T201
