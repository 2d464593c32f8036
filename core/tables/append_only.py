"""The audit is only added to: the database itself refuses to change a row, and to delete one that is not a year old.

The year counts back from the newest row, not from anybody's clock: the purge writes down that it purged, then deletes.
"""

from typing import Any

from sqlalchemy import Connection, Table

SQLITE = (
    """
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END
""",
    """
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
WHEN substr(OLD.at, 1, 19) > (SELECT datetime(max(at), '-365 days') FROM audit)
BEGIN
    SELECT RAISE(ABORT, 'the audit is kept for a year');
END
""",
)
POSTGRESQL = (
    """
CREATE FUNCTION audit_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'the audit is only added to';
    END IF;
    IF OLD.at > (SELECT max(at) - interval '365 days' FROM audit) THEN
        RAISE EXCEPTION 'the audit is kept for a year';
    END IF;
    RETURN OLD;
END
$$
""",
    """
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_only_added_to()
""",
    """
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_only_added_to()
""",
)


def keep_audit(_: Table, connection: Connection, **__: Any) -> None:
    """Give the table `audit`, which was just made, its triggers."""
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        connection.exec_driver_sql(statement)
