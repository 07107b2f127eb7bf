"""The password of everybody in the tests. It stands alone so that who needs no Django gets none."""

PASSWORD = "a long enough password"
