"""Settings: declared once, stored, validated, shown."""
