"""Constructs that stand nowhere in what ships, whatever a linter is told to overlook."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import PACKAGES, modules, relative, tree

FIRST_CONTACT = "agent/enroll.py"
MODULES = {"pickle", "marshal", "shelve", "dill"}
CALLS = {
    "eval",
    "exec",
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
    "ssl._create_unverified_context",
}
ARGUMENTS = {("shell", True), ("verify", False), ("check_hostname", False)}


def test_what_ships_has_none_of_them() -> None:
    paths = modules(*PACKAGES, "build_spec")
    assert [f"{relative(path)}: {danger}" for path in paths for danger in dangers(tree(path))] == []


def test_only_the_first_contact_looks_at_an_unverified_certificate() -> None:
    looking = {relative(path) for path in modules(*PACKAGES) if any(unverified(tree(path)))}
    assert looking <= {FIRST_CONTACT}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval(text)",
        "os.system(text)",
        "run(text, shell=True)",
        "Client(verify=False)",
        "try:\n    pass\nexcept:\n    pass",
    ],
)
def test_each_of_them_is_found(source: str) -> None:
    assert any(dangers(ast.parse(source)))


@pytest.mark.parametrize("source", ["context.verify_mode = ssl.CERT_NONE", "context.check_hostname = False"])
def test_an_unverified_certificate_is_found(source: str) -> None:
    assert any(unverified(ast.parse(source)))


def dangers(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Import(names=aliases):
                yield from (f"import of {alias.name}" for alias in aliases if alias.name in MODULES)
            case ast.ImportFrom(module=str(name)) if name in MODULES:
                yield f"import of {name}"
            case ast.Call(func=function, keywords=keywords):
                yield from (f"call of {name}" for name in CALLS & {ast.unparse(function)})
                yield from (f"argument {ast.unparse(one)}" for one in keywords if is_dangerous(one))
            case ast.ExceptHandler(type=None):
                yield f"bare except in line {node.lineno}"


def is_dangerous(argument: ast.keyword) -> bool:
    return isinstance(argument.value, ast.Constant) and (argument.arg, argument.value.value) in ARGUMENTS


def unverified(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Attribute(attr="CERT_NONE") | ast.alias(name="CERT_NONE"):
                yield "CERT_NONE"
            case ast.Assign(targets=[ast.Attribute(attr="check_hostname")], value=ast.Constant(value=False)):
                yield "check_hostname"
