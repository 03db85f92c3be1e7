"""The database: one writer with group commit, a few readers, migrations."""
