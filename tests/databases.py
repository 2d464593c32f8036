"""The mark of tests that hold on SQLite and on PostgreSQL."""

import pytest

ON_BOTH = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)
