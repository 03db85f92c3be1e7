"""What the browser shows at the end: that the person can go back to the window."""

from __future__ import annotations

from html import escape

from litestar import Response
from litestar.enums import MediaType

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>DeployFlow</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 20vh auto 0; padding: 0 1rem; }}
h1 {{ font-size: 1.25rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{sentence}</p>
</main>
</body>
</html>
"""


def page(title: str, sentence: str, status: int = 200) -> Response[str]:
    text = _PAGE.format(title=escape(title), sentence=escape(sentence))
    return Response(text, media_type=MediaType.HTML, status_code=status)
