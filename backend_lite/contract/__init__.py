"""What the service and its clients say to each other: one module an area, importable by the console.

Every object is a msgspec Struct with the field names of the JSON. Times are RFC 3339 UTC with `Z` and
milliseconds (`Time`).
"""
