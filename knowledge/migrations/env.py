"""Alembic's entry: runs the library's migrations on the connection `knowledge.schema` hands over."""

from alembic import context

from knowledge.schema import version_table
from knowledge.tables import metadata

connection = context.config.attributes["connection"]
with connection.begin():
    context.configure(connection=connection, target_metadata=metadata, version_table=version_table(connection.engine))
    context.run_migrations()
