"""ETag and If-Match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.core.versions import etag, refuse_stale, version_wanted
from backend_lite.errors import ConflictError, InvalidError


@given(st.integers(1, 2**59), st.sampled_from(["", "W/", " ", " W/"]))
def test_the_tag_of_a_version_names_it_again(version: int, before: str) -> None:
    assert version_wanted(before + etag(version)["ETag"]) == version


@given(st.text())
def test_any_header_is_a_version_or_refused_with_a_sentence(header: str) -> None:
    try:
        version = version_wanted(header)
    except InvalidError as error:
        assert "If-Match must be the ETag" in error.detail
    else:
        assert version is None or version >= 0


def test_without_a_header_and_for_any_version_nothing_is_wanted() -> None:
    assert version_wanted(None) is None
    assert version_wanted("*") is None


def test_a_stale_version_is_told_what_changed_since() -> None:
    changes = {"name": 3, "content": 5}
    refuse_stale(None, 5, changes, "It")
    refuse_stale(5, 5, changes, "It")
    with pytest.raises(ConflictError, match=r"It was changed meanwhile \(content\): you have version 4"):
        refuse_stale(4, 5, changes, "It")
    with pytest.raises(ConflictError, match=r"\(content, name\)"):
        refuse_stale(2, 5, changes, "It")
    with pytest.raises(ConflictError, match="It was changed meanwhile: you have version 9"):
        refuse_stale(9, 5, changes, "It")
