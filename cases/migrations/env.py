"""What Alembic runs for this room: the migrations, on the connection and in the transaction it was handed."""

from alembic import context

from cases.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
