"""The address of the first set-up in other words: what a careless router would take for the same."""

import itertools
from collections.abc import Iterator

SET_UP = "/api/v1/setup"


def variants() -> list[str]:
    """Raw paths, as they stand in a request."""
    return list(dict.fromkeys(_variants()))


def _variants() -> Iterator[str]:
    parts = SET_UP.split("/")[1:]
    yield from (SET_UP.upper(), SET_UP.title(), "/api/v1/Setup", "/API/v1/setup", "/api/V1/setup")
    yield from (SET_UP + end for end in _ENDS.split())
    yield from (start + SET_UP for start in _STARTS.split())
    for place, between in itertools.product(range(1, len(parts)), _BETWEEN.split()):
        yield "/" + "/".join(parts[:place]) + between + "/".join(parts[place:])
    for place, letter in enumerate(SET_UP):
        if letter != "/":
            yield f"{SET_UP[:place]}%{ord(letter):02x}{SET_UP[place + 1 :]}"
            yield f"{SET_UP[:place]}%25{ord(letter):02x}{SET_UP[place + 1 :]}"
    yield from (f"/api/v1/{lookalike}" for lookalike in _LOOKALIKES.split())
    yield from (f"/api/{version}/setup" for version in _VERSIONS.split())
    for place, letter in itertools.product(range(1, len(SET_UP)), _WITHIN.split()):
        yield SET_UP[:place] + letter + SET_UP[place:]


_ENDS = (
    "/ // /. /.. /./ /%2e /x/.. ; ;a=b %20 %00 .json . %2f %5c %0a %0d%0a %09 ? %3f %23 # ~ %ff %c0%af "
    "%e2%80%8b * , %2500"
)
_STARTS = "/ // /. /./ /../ /x/.. /%2e /%2e%2e /; /%20 /%00 /%5c /%2f"
_BETWEEN = r"// /// /./ /../ /%2e/ /%2e%2e/ %2f %5c \ /;/ /.;/ /..;/ /%00/ /%20/ /%252f/"
_LOOKALIKES = "%ef%bd%93etup s%c4%97tup %c5%bfetup set%cc%88up setu%d1%80 %ef%bc%8fsetup"
_VERSIONS = "v0 v2 v01 v1.0 v1%00 %76%31 v1; v1/..;/v1"
_WITHIN = "%00 %0a . ; // %20 %e2%80%8b %ff %5c"
