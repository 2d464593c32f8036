"""The audit is only added to: the database itself refuses to change a row, and to delete one before its time.

The purge first writes a row that says how many days are kept, then deletes what is older than that row by so much: it
counts from no clock but the service's own, and nothing is ever deleted without a row that stays and tells.
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
WHEN substr(OLD.at, 1, 19) > coalesce((
    SELECT datetime(at, '-' || max(json_extract(detail, '$.days'), 1) || ' days')
    FROM audit WHERE event = 'audit.purged' ORDER BY id DESC LIMIT 1
), '')
BEGIN
    SELECT RAISE(ABORT, 'the audit is kept until it is purged');
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
    IF OLD.at > coalesce((
        SELECT at - greatest((detail->>'days')::int, 1) * interval '1 day'
        FROM audit WHERE event = 'audit.purged' ORDER BY id DESC LIMIT 1
    ), '-infinity') THEN
        RAISE EXCEPTION 'the audit is kept until it is purged';
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
