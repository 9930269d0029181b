"""Alembic's entry: runs on the connection it is given, inside that transaction."""

from alembic import context

from crm.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
context.run_migrations()
