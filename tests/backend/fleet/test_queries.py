"""A query finds the same devices in the database, with what presence knows, as in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.codec import to_plain
from agent.wire.messages import Facts, Metrics
from backend_lite.contract.fleet import DEVICE_FIELDS, Contact
from backend_lite.contract.query import QueryError, matches, parse
from backend_lite.contract.query_values import device_values
from backend_lite.core.db.base import Base
from backend_lite.core.db.database import Database
from backend_lite.core.db.engine import writer_engine
from backend_lite.core.events.bus import MemoryBus
from backend_lite.errors import InvalidError
from backend_lite.features.access import tables as _access_tables  # noqa: F401
from backend_lite.features.fleet.presence import Presence, Sighting
from backend_lite.features.fleet.querying import DeviceQueries
from backend_lite.features.fleet.tables import DeviceRow
from backend_lite.features.fleet.views import device_of

NOW = 1_700_000_000_000
FACTS = Facts("x", "linux", "Ubuntu", "24.04", "x64", "Xeon", 4, 8 << 30, "0.1.0")


class StillClock:
    def now_ms(self) -> int:
        return NOW

    def monotonic(self) -> float:
        return 1000.0


def device(number: int, **fields: object) -> DeviceRow:
    given = {
        "hostname": f"pc-{number}",
        "tags": [],
        "admission": "approved",
        "created_at": NOW - number * 3600_000,
    }
    row = DeviceRow(
        id=number, uid=f"u-{number}", public_key=bytes(32), version=1, edited_at_version={}, **given | fields
    )
    row.reindex()
    return row


def metrics(cpu: float, used: int, total: int) -> Metrics:
    return Metrics(cpu, used, total, used * 10, total * 10, 3600 * used)


ROWS = [
    (
        device(1, hostname="WEB-01", os_type="ubuntu", os_description="Ubuntu 24.04", tags=["lab", "Straße"]),
        None,
    ),
    (device(2, hostname="web-02", os_type="linux", tags=["Lab", "old"], last_contact_at=NOW - 60_000), None),
    (device(3, hostname="ÄRGER_1", os_type="windows", address="10.0.0.1", contact="online"), None),
    (
        device(
            4,
            hostname="db%4",
            os_type="windows_server",
            last_contact_at=NOW - 5 * 60_000,
            facts=to_plain(FACTS),
        ),
        Sighting(998.0, True, Contact.ONLINE, metrics(81.5, 3, 4)),
    ),
    (
        device(
            5,
            hostname='a"b\\c',
            tags=["a,b"],
            metrics=to_plain(metrics(5.0, 1, 4)),
            last_contact_at=NOW - 999_000,
        ),
        Sighting(950.0, False, Contact.WARNING, None),
    ),
    (
        device(
            6,
            hostname="ärger-2",
            metrics=to_plain(metrics(90.0, 0, 0)),
            last_contact_at=NOW - 1,
            admission="pending",
        ),
        None,
    ),
    (
        device(7, hostname="gone", tags=["lab"], agent_version="0.1.0", hardware_summary="Dell, 16 GB"),
        Sighting(900.0, False, Contact.OFFLINE, metrics(0.0, 4, 4)),
    ),
]


class Both:
    def __init__(self, folder: Path) -> None:
        path = folder / "test.sqlite3"
        engine = writer_engine(path)
        Base.metadata.create_all(engine)
        bus, clock = MemoryBus(), StillClock()
        self._database = Database(path, bus.publish)
        self._presence = Presence(self._database, bus, clock)
        self._queries = DeviceQueries(self._presence, clock)
        with Session(engine, expire_on_commit=False) as session:
            session.add_all([row for row, _ in ROWS])
            session.commit()
            self._rows = [row for row, _ in ROWS]
        self._presence._sightings.update({row.id: seen for row, seen in ROWS if seen is not None})
        self.session = Session(engine)

    def stored(self, text: str) -> list[int]:
        query = select(DeviceRow.id).where(self._queries.condition(text)).order_by(DeviceRow.id)
        return list(self.session.scalars(query))

    def in_memory(self, text: str) -> list[int]:
        node = parse(text, DEVICE_FIELDS)
        devices = [to_builtins(device_of(row, self._presence)) for row in self._rows]
        return [device["id"] for device in devices if matches(node, device_values(device, NOW))]

    def close(self) -> None:
        self.session.close()
        self._database.close()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    found = Both(tmp_path_factory.mktemp("queries"))
    yield found
    found.close()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("WEB", [1, 2]),
        ("ärger", [3, 6]),
        ("name:Ärger*", [3, 6]),
        ("name=ärger_1", [3]),
        ("tag:STRASSE", [1]),
        ("tag:lab", [1, 2, 7]),
        ("tag:lab -tag:old", [1, 7]),
        ('tag:"a,b"', [5]),
        ("-tag:*", [3, 4, 6]),
        ("name:%", [4]),
        ("name:_", [3]),
        ("os:linux", [1, 2]),
        ("os:windows", [3, 4]),
        ("os:ubuntu", [1]),
        # What the column says about 3 is from another life of the service.
        ("status:online", [4]),
        ("status:late", [5]),
        ("status:offline", [1, 2, 3, 6, 7]),
        ("status:unknown", [1, 3]),
        ("-status:offline", [4, 5]),
        ("seen<30s", [4, 6]),
        ("seen<55s", [4, 5, 6]),
        ("seen>90s", [7]),
        ("-seen<1d", [1, 3]),
        ("cpu>80", [4, 6]),
        ("cpu<10", [5, 7]),
        ("mem>=75", [4, 7]),
        ("mem<50", [5]),
        ("-mem<50", [1, 2, 3, 4, 6, 7]),
        ("free>0b", [4, 5]),
        ("ram>=8GB", [4]),
        ("uptime>2h", [4, 7]),
        ("added<2h or id:7", [1, 7]),
        ("added>=7h", [7]),
        ("admission:pending", [6]),
        ('hardware:"16 gb"', [7]),
        ("agent:0.1.*", [7]),
        ("(status:online or tag:old) os:windows", [4]),
    ],
)
def test_a_query_finds_stored_and_live(both: Both, text: str, ids: list[int]) -> None:
    assert both.stored(text) == ids
    assert both.in_memory(text) == ids


TERMS = [
    "web",
    '"ÄRGER"',
    "a*b",
    "name:web*",
    "name:1",
    "name=WEB-01",
    "os:windows",
    "os:*n*",
    "tag:lab",
    "tag:l*,old",
    "tag:*",
    "status:online",
    "status:o*",
    "status:unknown,late",
    "seen<1m",
    "seen>=50s",
    "seen:*",
    "cpu>50",
    "cpu<=81.5",
    "mem<75",
    "mem:*",
    "disk>10%",
    "free<20b",
    "ram:*",
    "uptime<=3h",
    "address:10",
    "admission:p*",
    "added<4h",
    "id:3,4",
    "id>4",
    "system:*",
    "hardware:dell",
]


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, st.sampled_from([" ", " or "]), inner)
    return inner.map("-({})".format) | pairs.map(lambda pair: f"({''.join(pair)})")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(st.sampled_from(TERMS), joined, max_leaves=6))
def test_both_agree(both: Both, text: str) -> None:
    assert both.stored(text) == both.in_memory(text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(alphabet='aäßwebWEB-01%_*"\\\n, ', min_size=1, max_size=8),
    st.sampled_from(["", "name:", "tag:", "name="]),
)
def test_both_agree_on_texts(both: Both, text: str, field: str) -> None:
    try:
        parse(field + text, DEVICE_FIELDS)
    except QueryError:
        return
    assert both.stored(field + text) == both.in_memory(field + text)


def test_a_bad_query_is_a_sentence_with_its_place(both: Both) -> None:
    with pytest.raises(InvalidError) as caught:
        both.stored("web stauts:x")
    assert caught.value.code == "bad_query"
    assert "Did you mean status?" in caught.value.detail
    assert "At character 5" in caught.value.detail
