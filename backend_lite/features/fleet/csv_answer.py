"""A table as an answer that browsers and scripts save as a file."""

from __future__ import annotations

from litestar import Response


def csv_answer(table: str, file_name: str) -> Response[bytes]:
    """`file_name` is plain ASCII."""
    return Response(
        table.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )
