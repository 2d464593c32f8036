"""The marks of tests that hold on SQLite and on PostgreSQL."""

import pytest

ON_BOTH = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)
# What takes long, and asks nothing of a database that shorter tests do not ask of both: on PostgreSQL by `make prove`.
PROVED_ON_BOTH = pytest.mark.parametrize(
    "world", ["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)], indirect=True
)
