"""The password of everybody in the tests. It has a module of its own so that tests without Django stay without it."""

PASSWORD = "a long enough password"
