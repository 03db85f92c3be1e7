"""Puts a text file in place, whole or not at all."""

import os
import re
import sys
import tempfile
from pathlib import Path

KEPT = ".before-deployflow"
NONE = ".none-before-deployflow"


def main() -> int:
    path, text = Path(os.environ["DF_PATH"]), os.environ["DF_TEXT"]
    mode = os.environ.get("DF_MODE", "0644")
    if not path.is_absolute() or path.is_dir():
        print(f"This has to be the whole path of a file: {path}", file=sys.stderr)
        return 2
    if not re.fullmatch("0?[0-7]{3}", mode):
        print(f"These are no rights of a file: {mode}", file=sys.stderr)
        return 2
    path.parent.mkdir(parents=True, exist_ok=True)
    kept, none = path.with_name(path.name + KEPT), path.with_name(path.name + NONE)
    if not kept.exists() and not none.exists():
        if path.exists():
            kept.write_bytes(path.read_bytes())
            kept.chmod(path.stat().st_mode & 0o777)
        else:
            none.touch()
    draft, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(draft, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, int(mode, 8))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    print(f"{path} is written: {len(text.encode())} bytes.")
    return 0


sys.exit(main())
