"""Scripts as files: what is written is read, and no file is in the way of another."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend_lite.contract.library import MAX_CONTENT, Language, Script
from backend_lite.contract.parameters import ParameterType, ScriptParameter
from console.core.errors import Mendable
from console.core.script_tree import TreeProblem, TreeScript, plan_import, read_tree, write_tree
from console.core.script_tree.model import MAX_DEPTH, name_key
from console.core.script_tree.names import MAX_BYTES, folder_names, stem_of

LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(str.strip)
PARTS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=30),
    st.sampled_from(["con", "a.yaml", "A.YAML", "x.detect", "..", ".", "Windows", "windows", "é", "e\u0301"]),
)
PARAMETERS = st.one_of(
    st.builds(ScriptParameter, st.just("Days"), label=st.text(LETTERS, max_size=9), required=st.booleans()),
    st.builds(
        ScriptParameter,
        st.just("Days"),
        st.just(ParameterType.NUMBER),
        default=st.one_of(st.none(), st.integers(-9, 9), st.floats(-9, 9)),
        minimum=st.sampled_from([None, -9.0, -10.5]),
    ),
    st.builds(
        ScriptParameter,
        st.just("Days"),
        st.just(ParameterType.CHOICE),
        choices=st.just(["yes", "12:30", "-"]),
    ),
)
SCRIPTS = st.lists(
    st.builds(
        TreeScript,
        name=PARTS.filter(str.strip),
        content=TEXTS,
        language=st.sampled_from(Language),
        description=st.text(st.characters(exclude_categories=["Cs"])),
        target_os_type=st.sampled_from([None, "linux", "windows"]),
        timeout_s=st.sampled_from([None, 1, 3600]),
        idempotent=st.booleans(),
        folder=st.lists(PARTS, max_size=2).map("/".join),
        tags=st.lists(st.text(LETTERS, min_size=1, max_size=9), max_size=2).map(tuple),
        parameters=st.lists(PARAMETERS, max_size=1).map(tuple),
        detect=st.none() | TEXTS,
        undo=st.none() | TEXTS,
    ),
    max_size=4,
    unique_by=lambda script: script.key,
)


def script(name: str = "Free space", content: str = "Get-Date\n", **fields: object) -> TreeScript:
    return TreeScript(**{"name": name, "content": content, "language": Language.POWERSHELL, **fields})  # type: ignore[arg-type]


def known(name: str = "Free space", content: str = "Get-Date\n", **fields: object) -> Script:
    told = {"description": None, "target_os_type": None, "language": Language.POWERSHELL, **fields}
    numbers = {"id": 7, "revision": 1, "revision_id": 1, "timeout_s": 60, "version": 3}
    times = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z"}
    return Script(**{"name": name, "content": content, **numbers, **times, **told})  # type: ignore[arg-type]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def read(folder: Path) -> list[str]:
    """Each thing that was found, in short."""
    return [
        str(one) if isinstance(one, TreeProblem) else f"{one.folder}|{one.name}|{one.language}"
        for one in read_tree(folder)
    ]


def by_name(scripts: Sequence[TreeScript | TreeProblem]) -> list[TreeScript | TreeProblem]:
    return sorted(scripts, key=lambda one: one.name if isinstance(one, TreeScript) else str(one))


@given(SCRIPTS)
@example([script("a", folder="x.yaml"), script("x"), script("x.detect"), script("X.yaml", detect="a")])
@example([script("\ufeff", "\ufeffx", folder="Windows"), script("b", "a\r\nb\rc", folder="windows")])
def test_what_is_written_is_read(scripts: list[TreeScript]) -> None:
    with TemporaryDirectory() as folder:
        write_tree(Path(folder), scripts)
        assert by_name(read_tree(Path(folder))) == by_name(scripts)
        assert write_tree(Path(folder), list(reversed(scripts))) == []
        names = [name_key(name) for name in files(Path(folder))]
        assert len(set(names)) == len(names)


def test_what_the_files_look_like(tmp_path: Path) -> None:
    days = ScriptParameter("Days", ParameterType.NUMBER, default=14, minimum=1)
    one = script(folder="Windows/Clean up", detect="exit 1", parameters=(days,), tags=("disk",), timeout_s=60)
    assert write_tree(tmp_path, [one]) == [tmp_path / name for name in files(tmp_path)]
    assert files(tmp_path) == [
        f"Windows/Clean up/Free-space{end}" for end in (".detect.ps1", ".ps1", ".yaml")
    ]
    assert (tmp_path / "Windows/Clean up/Free-space.yaml").read_text() == (
        "name: Free space\nlanguage: powershell\ntimeout_s: 60\ntags:\n- disk\n"
        "parameters:\n- name: Days\n  type: number\n  default: 14\n  minimum: 1\n"
    )


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Windows: is a restart due?", "Windows-is-a-restart-due"),
        ('a/b\\c "d"', "a-b-c-d"),
        ("../../etc/passwd", "etc-passwd"),
        ("🚀", "script"),
        ("🚀 Start", "Start"),
        ("CON", "_CON"),
        ("lpt1.x", "_lpt1.x"),
        ("x.detect", "x_detect"),
        ("x.YAML", "x_YAML"),
        (".hidden.", "hidden"),
        ("e\u0301", "é"),
        ("n" * 300, "n" * MAX_BYTES),
        ("é" * 300, "é" * (MAX_BYTES // 2)),
    ],
)
def test_names_of_files(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_names_of_folders() -> None:
    assert folder_names("Windows/Clean up//../a:b/") == ("Windows", "Clean up", "a-b")


def test_twins_are_told_apart(tmp_path: Path) -> None:
    write_tree(
        tmp_path, [script("a:b"), script("a/b"), script("A b"), script("c", "x", language=Language.SH)]
    )
    names = files(tmp_path)
    assert len([name for name in names if name.endswith(".ps1")]) == 3
    assert {"A-b.ps1", "c.sh", "c.yaml"} < set(names)


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    one, two = script("one"), script("two")
    write_tree(tmp_path, [one, two])
    changed = script("two", "Get-Item x", undo="Get-Item y")
    assert write_tree(tmp_path, [one, changed]) == [tmp_path / "two.ps1", tmp_path / "two.undo.ps1"]
    assert write_tree(tmp_path, [changed, one]) == []


def test_what_a_script_had_before_goes(tmp_path: Path) -> None:
    write_tree(tmp_path, [script(detect="x", undo="y"), script("other")])
    write_tree(tmp_path, [script(language=Language.SH, folder="Linux", undo="y")])
    assert files(tmp_path) == [
        "Linux/Free-space.sh",
        "Linux/Free-space.undo.sh",
        "Linux/Free-space.yaml",
        "other.ps1",
        "other.yaml",
    ]


def test_files_keep_the_name_that_a_person_gave_them(tmp_path: Path) -> None:
    (tmp_path / "disk.ps1").write_text("x")
    (tmp_path / "disk.yaml").write_text("name: Free space\n")
    write_tree(tmp_path, [script()])
    assert files(tmp_path) == ["disk.ps1", "disk.yaml"]
    assert (tmp_path / "disk.ps1").read_text() == "Get-Date\n"


def test_files_of_others_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "deploy.yaml").write_text("kind: Pod\n")
    write_tree(tmp_path, [script("deploy")])
    assert (tmp_path / "deploy.yaml").read_text() == "kind: Pod\n"
    assert [one for one in read_tree(tmp_path) if isinstance(one, TreeScript)] == [script("deploy")]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/Windows").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Mendable, match="is a link"):
        write_tree(tmp_path / "tree", [script(folder="Windows")])
    assert files(tmp_path / "elsewhere") == []


def test_bare_files_are_scripts(tmp_path: Path) -> None:
    (tmp_path / "Windows/Disks").mkdir(parents=True)
    (tmp_path / "Windows/Disks/Free.PS1").write_bytes("\ufeff'é'\r\n".encode("utf-16-le"))
    (tmp_path / "old.bat").write_bytes("echo é".encode("cp1252"))
    (tmp_path / "plain.sh").write_text("#!/bin/sh\nls\n")
    (tmp_path / "sixteen.cmd").write_bytes("echo hello hello".encode("utf-16-le"))
    (tmp_path / "a.py").write_text("print(1)\n")
    (tmp_path / "README.md").write_text("# x\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/hook.sh").write_text("ls\n")
    scripts = [one for one in read_tree(tmp_path) if isinstance(one, TreeScript)]
    assert [
        (one.folder, one.name, one.language.value, one.target_os_type, one.content) for one in scripts
    ] == [
        ("Windows/Disks", "Free", "powershell", "windows", "'é'\r\n"),
        ("", "a", "python", None, "print(1)\n"),
        ("", "old", "cmd", "windows", "echo é"),
        ("", "plain", "sh", "linux", "#!/bin/sh\nls\n"),
        ("", "sixteen", "cmd", "windows", "echo hello hello"),
    ]
    assert all(one.is_bare for one in scripts)


def test_bare_files_that_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    for name in ("install.sh", "install.ps1", "Sub/Install.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    assert [one.name for one in read_tree(tmp_path) if isinstance(one, TreeScript)] == [
        "Sub/Install.py",
        "install.ps1",
        "install.sh",
    ]


def test_a_description_belongs_to_the_text_of_its_language(tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_text("ls\n")
    (tmp_path / "x.ps1").write_text("ls\n")
    (tmp_path / "x.yaml").write_text("name: Mine\nlanguage: sh\n")
    assert read(tmp_path) == ["|x|powershell", "|Mine|sh"]
    (tmp_path / "x.yaml").write_text("name: Mine\nlanguage: python\n")
    assert read(tmp_path)[2].startswith("x.yaml: Which of x.ps1, x.sh")


@pytest.mark.parametrize(
    ("about", "line", "said"),
    [
        ("a: [", 1, "This is no YAML"),
        ("- a\n", 1, "names with values"),
        ("name: x\ntimeout: 3\n", 2, "“timeout” is not known here. Did you mean timeout_s?"),
        ("name: x\nlanguage: perl\n", 2, "language cannot be “perl”."),
        ("name: 12\n", 1, "name takes a text, in quotes"),
        ("\ntags: x\n", 2, "tags takes a list."),
        ("target_os_type: beos\n", 1, "“beos” is no known operating system"),
        ("timeout_s: 0\n", 1, "between 1 and"),
        (f"name: {'n' * 300}\n", 1, "300 characters; at most 200"),
        ("name: ' '\n", 1, "needs a name"),
        ("parameters:\n- name: a b\n", 2, "cannot be the name of a parameter"),
        ("parameters:\n- name: a\n\n- typ: text\n  name: b\n", 4, "Did you mean type?"),
        ("parameters:\n- type: text\n", 2, "“name” is missing"),
        ("language: bash\n", None, "The language is bash, but x.ps1 ends with .ps1."),
    ],
)
def test_a_mistake_is_found_at_its_line(tmp_path: Path, about: str, line: int | None, said: str) -> None:
    (tmp_path / "x.ps1").write_text("ls\n")
    (tmp_path / "x.yaml").write_text(about)
    (tmp_path / "good.sh").write_text("ls\n")
    good, problem = read_tree(tmp_path)
    assert isinstance(good, TreeScript)
    assert isinstance(problem, TreeProblem)
    assert (str(problem.path), problem.line) == ("x.yaml", line)
    assert said in problem.text


def test_every_mistake_of_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.ps1").write_text("ls\n")
    (tmp_path / "x.yaml").write_text("timeout_s: 0\ntarget_os_type: beos\n")
    assert [one.line for one in read_tree(tmp_path) if isinstance(one, TreeProblem)] == [1, 2]


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("x.sh", b"", "x.sh is empty."),
        ("x.sh", b"MZ\0\0\x90", "is not a text file"),
        ("x.sh", b"x" * (MAX_CONTENT + 1), "512 KB are allowed"),
        ("x.yaml", b"name: x\n", "is not beside it"),
        ("x.undo.sh", b"ls\n", "is not beside it"),
        ("x.detect.ps1", b"ls\n", "in the language of y.sh"),
    ],
)
def test_a_file_that_is_no_script_is_said(tmp_path: Path, name: str, raw: bytes, said: str) -> None:
    (tmp_path / "y.sh").write_text("ls\n")
    path = tmp_path / (name.replace("x", "y", 1) if "detect" in name else name)
    path.write_bytes(raw)
    problems = [one for one in read_tree(tmp_path) if isinstance(one, TreeProblem)]
    assert [str(one.path) for one in problems] == [path.name]
    assert said in problems[0].text


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.sh").write_text("x\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file.sh").symlink_to(tmp_path / "outside/secret.sh")
    (tree / "folder").symlink_to(tmp_path / "outside")
    (tree / "round").symlink_to(tree)
    (tree / "gone.sh").symlink_to(tree / "missing")
    (tree / "real.sh").write_text("ls\n")
    (tree / "same.sh").symlink_to(tree / "real.sh")
    found = read(tree)
    assert [line for line in found if "link" not in line] == ["|real|bash", "|same|bash"]
    assert len(found) == 6


def test_limits_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "/".join("d" * (MAX_DEPTH + 1))).mkdir(parents=True)
    assert f"More than {MAX_DEPTH} folders" in read(tmp_path)[0]
    monkeypatch.setattr("console.core.script_tree.walking.MAX_FILES", 1)
    for name in ("a.sh", "b.sh"):
        (tmp_path / name).write_text("x\n")
    assert "more than 1 files" in read(tmp_path)[0]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        read_tree(tmp_path / "missing")


def test_a_plan_says_what_an_import_would_do(tmp_path: Path) -> None:
    write_tree(
        tmp_path, [script("Same"), script("Changed", "new\n", tags=("disk",), undo="x"), script("New")]
    )
    (tmp_path / "bare.ps1").write_text("Get-Date\r\n")
    (tmp_path / "x.yaml").write_text("name: x\n")
    library = [
        known("Same", "Get-Date\r\n"),
        known("ＣＨＡＮＧＥＤ", "old", description="kept?"),
        known("Bare", description="stays", timeout_s=9),
    ]
    plan = plan_import(read_tree(tmp_path), library)
    assert [(str(item.path), item.kind.value, item.changes) for item in plan] == [
        ("Changed.ps1", "changed", ("name", "content", "description", "tags", "undo")),
        ("New.ps1", "new", ()),
        ("Same.ps1", "same", ()),
        ("bare.ps1", "same", ()),
        ("x.yaml", "problem", ()),
    ]
    update = plan[0].update("Imported")
    assert (update.name, update.content, update.description, update.tags, update.undo) == (
        *("Changed", "new\n", None, ["disk"], "x"),
    )
    assert not update.timeout_s
    assert plan[1].create("Imported").message == "Imported"


def test_two_files_for_one_name_are_a_problem(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.ps1").write_text("x\n")
        (tmp_path / f"{name}.yaml").write_text("name: Twin\n")
    first, second = plan_import(read_tree(tmp_path), [])
    assert (first.kind, second.kind) == ("new", "problem")
    assert str(second.problem) == "b.yaml: “Twin” is the name of a.ps1 too: give one of them another."
