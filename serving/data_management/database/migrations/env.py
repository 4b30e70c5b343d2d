"""Alembic's way to the database: the connection that ``migrating.upgrade`` hands over."""

from alembic import context

from serving.data_management.database.state import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,
)
context.run_migrations()
