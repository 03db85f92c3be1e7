from pathlib import Path

import pytest

from console.core.template_files import read_template
from console.core.yaml_structs import StructError

GOOD = """\
name: Baseline
target_os_type: linux
tasks:
- name: Updates
  script: 'Linux: install updates'
  parameters: {Scope: all}
  reboot: always
  condition: {os_type: debian, query: 'tag:x'}
"""


def read(folder: Path, text: str) -> list[tuple[int, str]]:
    (folder / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(StructError) as caught:
        read_template(folder / "x.yaml")
    return caught.value.problems


def test_a_template_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(GOOD, "utf-8")
    task = read_template(tmp_path / "x.yaml").tasks[0]
    assert (task.reboot, task.condition.query, task.parameters) == ("always", "tag:x", {"Scope": "all"})
    assert not task.continue_on_error


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("Baseline", "' '", 1, "needs a name"),
        ("linux\n", "beos\n", 2, "no known operating system"),
        ("debian", "beos", 8, "no known operating system"),
        ("reboot: always", "reboot: sometimes", 7, "tasks[0].reboot cannot be “sometimes”."),
        ("reboot: always", "restart: always", 7, "“restart” is not known here."),
        ("reboot: always", "timeout_s: 0", 7, "The timeout must be between"),
        ("'Linux: install updates'", "''", 5, "needs the name of a script"),
        ("name: Updates", "name: ''", 4, "A task needs a name"),
        ("{Scope: all}", "{Scope: [1]}", 6, "takes"),
    ],
)
def test_a_mistake_is_found_at_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    [(found, text)] = read(tmp_path, GOOD.replace(old, new, 1))
    assert found == line
    assert said in text


def test_a_template_has_tasks(tmp_path: Path) -> None:
    assert read(tmp_path, "name: x\ntasks: []\n")[0][1] == "A template needs at least one task."
    assert "“tasks” is missing" in read(tmp_path, "name: x\n")[0][1]
    many = "".join(f"- {{name: '{n}', script: x}}\n" for n in range(101))
    assert "100 tasks at most" in read(tmp_path, f"name: x\ntasks:\n{many}")[0][1]
