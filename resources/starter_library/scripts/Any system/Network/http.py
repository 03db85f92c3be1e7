"""Fetches a page. Exit code 1 when it is not as expected, 2 for an address that cannot be one."""

import os
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

MOST = 5 << 20


def main() -> int:
    url = os.environ["DF_URL"]
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        print(f"An address begins with http:// or https://, not {url}", file=sys.stderr)
        return 2
    began = time.monotonic()
    request = urllib.request.Request(url, headers={"User-Agent": "DeployFlow check"})
    try:
        with urllib.request.urlopen(request, timeout=float(os.environ.get("DF_TIMEOUTS", "15"))) as answer:
            status, body = answer.status, answer.read(MOST)
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read(MOST)
    except (OSError, ValueError) as error:
        print(f"{url} does not answer: {getattr(error, 'reason', error)}", file=sys.stderr)
        return 1
    took = (time.monotonic() - began) * 1000
    print(f"{url}: status {status}, {len(body):,} bytes, {took:.0f} ms")
    return judge(status, body)


def judge(status: int, body: bytes) -> int:
    wrong = 0
    expected, text = int(float(os.environ.get("DF_STATUS", "200"))), os.environ.get("DF_CONTAINS", "")
    if status != expected:
        print(f"The status should be {expected}.", file=sys.stderr)
        wrong = 1
    if text and text.encode() not in body:
        print(f'The page does not contain "{text}".', file=sys.stderr)
        wrong = 1
    return wrong


sys.exit(main())
