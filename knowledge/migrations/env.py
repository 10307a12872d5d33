"""Alembic's entry: runs the library's migrations on the connection `knowledge.database` hands over."""

from alembic import context

from knowledge.tables import metadata

with context.config.attributes["connection"].begin():
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    context.run_migrations()
