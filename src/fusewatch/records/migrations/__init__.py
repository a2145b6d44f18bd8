"""Alembic's place in the package: one numbered file per change of the schema."""
