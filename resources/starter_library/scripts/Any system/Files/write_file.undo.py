"""What was there before."""

import os
import sys
from pathlib import Path

KEPT = ".before-deployflow"
NONE = ".none-before-deployflow"


def main() -> int:
    path = Path(os.environ["DF_PATH"])
    kept, none = path.with_name(path.name + KEPT), path.with_name(path.name + NONE)
    if kept.exists():
        kept.replace(path)
        print(f"{path} is as it was before.")
    elif none.exists():
        path.unlink(missing_ok=True)
        none.unlink()
        print(f"{path} is gone, as it was before.")
    else:
        print(f"{path} was not written by this script: nothing to take back.")
    return 0


sys.exit(main())
