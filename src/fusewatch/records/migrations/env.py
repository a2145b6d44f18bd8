"""What Alembic runs to upgrade: always with a connection, inside the transaction that its caller began."""

from __future__ import annotations

from alembic import context

from fusewatch.records.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE, transactional_ddl=True)
context.run_migrations()
