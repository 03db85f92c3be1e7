"""A table as an answer that browsers and scripts save as a file."""

from __future__ import annotations

from litestar import Response

CSV = "text/csv"


def csv_answer(table: str, file_name: str) -> Response[bytes]:
    """`file_name` is plain ASCII."""
    return Response(
        table.encode(),
        media_type=CSV,
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )
