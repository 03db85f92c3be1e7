"""The layout of the project, and what stands nowhere in it."""

import re

from tests.architecture.sources import FILES, FOLDERS, PACKAGES, ROOT, files, modules, relative

LINES_AT_MOST = 500
MADE_BY_TOOLS = {"build", "dist"}
ALEMBIC_FOLDERS = "backend_lite/migrations"
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "deb.deb" + "ian.org")


def test_the_top_level_holds_the_layout_and_nothing_else() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {name for name in found - MADE_BY_TOOLS if not name.endswith(".egg-info")} == {*FOLDERS, *FILES}


def test_no_module_is_too_long_to_have_one_reason_to_change() -> None:
    paths = modules(*PACKAGES, "build_spec", "tests")
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_AT_MOST} == {}


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in modules(*PACKAGES, "tests")}
    missing = {relative(folder) for folder in folders if not (folder / "__init__.py").is_file()}
    assert {folder for folder in missing if not folder.startswith(ALEMBIC_FOLDERS)} == set()


def test_the_pinned_lists_name_no_host() -> None:
    locks = sorted((ROOT / "build_spec" / "requirements").glob("*.txt"))
    host = re.compile(r"https?://|--(extra-)?index-url|--find-links")
    assert locks
    assert [path.name for path in locks if host.search(path.read_text("utf-8"))] == []


def test_no_file_names_a_package_index() -> None:
    host = re.compile("|".join(map(re.escape, INDEX_HOSTS)))
    assert [relative(path) for path in files() if host.search(path.read_text("utf-8", errors="ignore"))] == []
