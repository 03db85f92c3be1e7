"""Software items in the editor: what belongs to which installer, what is sent, and whose change is taken."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from backend_lite.contract.software import DetectionType, InstallerType, SourceType
from backend_lite.contract.uploads import StoredFile
from console.core.field_merge import FieldMerge
from console.core.image_edit import EditedImage
from console.core.installed import item_for, places_query
from console.core.software_edit import EditedSoftware, parse_codes, shape_of
from console.core.transfer import Meter
from console.features.software.item_kind import parts

FILE = StoredFile("a" * 64, 5, "tool.exe")


def test_an_uploaded_file_says_what_it_is() -> None:
    made = EditedSoftware().with_file(FILE)
    assert (made.name, made.installer_type, made.file_size) == ("tool", "exe", 5)
    assert EditedSoftware(name="Mine").with_file(FILE).name == "Mine"


def test_a_package_manager_takes_no_file() -> None:
    made = EditedSoftware().with_file(FILE).with_installer("apt")
    assert (made.source_type, made.sha256, made.file_name, made.source) == ("none", "", "", "")
    assert shape_of(made).package
    assert made.with_installer("dnf").source == ""


def test_a_system_that_the_installer_does_not_know_is_dropped() -> None:
    made = EditedSoftware(target_os_type="linux").with_installer("winget")
    assert made.target_os_type == ""
    assert EditedSoftware(target_os_type="linux").with_installer("apt").target_os_type == "linux"


def test_a_script_has_a_language() -> None:
    assert EditedSoftware(target_os_type="ubuntu").with_installer("script").language == "bash"
    assert EditedSoftware().with_detection("script").language == "powershell"


def test_only_changes_are_sent() -> None:
    saved = EditedSoftware(name="tree", installer_type="apt", source_type="none")
    change = msgspec.structs.replace(saved, tags="a, b").as_change(saved)
    assert change.tags == "a, b"
    assert {name for name in change.__struct_fields__ if getattr(change, name) is not UNSET} == {"tags"}


def test_exit_codes_are_numbers() -> None:
    assert parse_codes("0, 3010 3010,-1") == [0, 3010, -1]
    assert parse_codes("") is None
    assert parse_codes("0;1") is None


@given(st.lists(st.sampled_from(list(InstallerType)), max_size=5), st.sampled_from(["", "linux", "windows"]))
def test_any_way_through_the_installers_leaves_what_the_form_can_show(
    ways: list[InstallerType], system: str
) -> None:
    made = EditedSoftware(target_os_type=system)
    for way in ways:
        made = made.with_installer(way.value)
    shape = shape_of(made)
    assert SourceType(made.source_type) in (shape.sources or (SourceType.NONE,))
    assert DetectionType(made.detect_type) in shape.detections


def test_both_peoples_changes_fit_together_or_are_chosen() -> None:
    base = EditedSoftware(name="a", publisher="p")
    mine = msgspec.structs.replace(base, name="b", tags="x")
    theirs = msgspec.structs.replace(base, name="c", publisher="q")
    both = FieldMerge(parts(), base, mine, theirs)
    assert [one.key for one in both.differences(lambda _kind, _id: None) if one.is_conflict] == ["name"]
    assert both.result() == msgspec.structs.replace(mine, publisher="q")
    both.choices["name"] = "theirs"
    assert both.result().name == "c"


def test_an_image_without_its_file_says_nothing_of_it() -> None:
    made = EditedImage(name="x").with_file(FILE)
    assert made.as_new().file_sha256 == FILE.sha256
    assert made.without_file() == EditedImage(name="x")


def item(**fields: object) -> dict[str, object]:
    return {
        "name": "7-Zip",
        "installer_type": "exe",
        "source": "",
        "uninstall_command": "x",
        "detection": {"type": "none", "value": "", "version": ""},
    } | fields


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, 'name:"7-Zip"'),
        (
            {"detection": {"type": "installed", "value": 'Say "hi"* (x64)*'}},
            'name:"Say \\"hi\\"" name:"(x64)"',
        ),
        ({"installer_type": "apt", "source": "tree"}, 'name:"tree"'),
    ],
)
def test_an_item_is_found_where_it_is_installed(fields: dict[str, object], query: str) -> None:
    assert places_query(item(**fields)) == query


def test_the_most_exact_item_removes_what_is_installed() -> None:
    wide = item(id=1, detection={"type": "installed", "value": "7-Zip*"})
    exact = item(id=2, detection={"type": "installed", "value": "7-Zip 23*"})
    stuck = item(id=3, uninstall_command="", detection={"type": "installed", "value": "7-Zip 23.01"})
    assert item_for("7-ZIP 23.01", [wide, exact, stuck]) is exact
    assert item_for("7-Zip 22", [wide, exact]) is wide
    assert item_for("Other", [wide, exact]) is None


def test_a_meter_tells_speed_and_time_left() -> None:
    now = 0.0
    meter = Meter(1000 << 20, lambda: now)
    assert str(meter.begin(0)) == "0 of 1 GB"
    now = 10.0
    stand = meter.at(100 << 20)
    assert (stand.speed, stand.left_s) == ((100 << 20) / 10, 90)
    assert str(stand) == "0.1 of 1 GB · 10 MB/s · 1 min 30 s left"
    assert meter.begin(500 << 20).speed is None
