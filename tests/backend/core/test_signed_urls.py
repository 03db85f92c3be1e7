"""Addresses that are their own credential: nothing in them can be changed, and they end."""

from pathlib import Path

import pytest

from backend_lite.core.http.signed_urls import SignedUrls
from backend_lite.core.security.signing import Signer, download_key
from backend_lite.errors import ForbiddenError, StartError, UnauthorizedError
from tests.helpers.clock import ManualClock

PATH = "/api/v1/agent/files/" + "ab" * 32
KEY = bytes(range(32))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def urls(clock: ManualClock) -> SignedUrls:
    return SignedUrls(KEY, clock)


def verify(urls: SignedUrls, address: str) -> str:
    path, _, query = address.partition("?")
    return urls.verify(path, query)


def test_an_address_says_whom_it_is_for(urls: SignedUrls) -> None:
    assert verify(urls, urls.sign(PATH, 60, "device-7")) == "device-7"


def test_an_address_ends(urls: SignedUrls, clock: ManualClock) -> None:
    address = urls.sign(PATH, 60, "device-7")
    clock.advance(59)
    assert verify(urls, address) == "device-7"
    clock.advance(1)
    with pytest.raises(ForbiddenError, match="expired"):
        verify(urls, address)


def test_no_byte_of_it_can_be_changed(urls: SignedUrls) -> None:
    address = urls.sign(PATH, 60, "device-7")
    path_length = len(PATH)
    for index in range(len(address)):
        for other in ("0", "1", "a", "A", "&", "=", "é"):
            if other == address[index]:
                continue
            changed = address[:index] + other + address[index + 1 :]
            refusal = UnauthorizedError if index == path_length else ForbiddenError
            with pytest.raises(refusal):
                verify(urls, changed)


def test_nothing_can_be_added_left_out_or_said_twice(urls: SignedUrls) -> None:
    address = urls.sign(PATH, 60, "device-7")
    path, _, query = address.partition("?")
    expires, whom, signature = query.split("&")
    for changed in (
        f"{query}&x=1",
        f"{query}&{whom}",
        f"{whom}&{expires}&{signature}",
        f"{expires}&{whom}",
        f"{expires}&{whom}&signature=",
        f"{expires}&{whom}&{signature.upper()}",
        f"{expires.replace('=', '=0')}&{whom}&{signature}",
        f"{expires.replace('=', '=+')}&{whom}&{signature}",
        query + "\n",
        "x",
    ):
        with pytest.raises(ForbiddenError):
            urls.verify(path, changed)
    with pytest.raises(UnauthorizedError, match="Not authenticated"):
        urls.verify(path, "")


def test_another_key_or_purpose_signs_nothing_here(urls: SignedUrls, clock: ManualClock) -> None:
    with pytest.raises(ForbiddenError):
        verify(urls, SignedUrls(bytes(32), clock).sign(PATH, 60, "device-7"))
    one, other = Signer(KEY, "one"), Signer(KEY, "other")
    assert one.holds(one.sign("a", "b"), "a", "b")
    assert not other.holds(one.sign("a", "b"), "a", "b")
    assert not one.holds(one.sign("a", "b"), "ab", "")
    assert not one.holds(one.sign("a", "b"), "a")
    assert not one.holds("é\ud800", "a", "b")


def test_the_key_stays_over_restarts_and_is_nobody_elses(tmp_path: Path) -> None:
    key = download_key(tmp_path)
    assert (len(key), download_key(tmp_path)) == (32, key)
    (tmp_path / "download.key").write_bytes(b"short")
    with pytest.raises(StartError, match="is no key file"):
        download_key(tmp_path)
