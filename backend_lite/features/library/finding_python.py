"""What Python scripts call, and the commands that they hand to the system."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from backend_lite.features.library.finding_trees import Source, line_of, shell_commands, walk
from backend_lite.features.library.finding_words import Command, program, unquoted

_RUNNERS = ("run", "call", "check_call", "check_output", "popen", "system", "getoutput", "getstatusoutput")


def python_commands(content: str) -> list[Command]:
    """Calls by their whole name (`shutil.rmtree`), and the commands in texts and lists that they run."""
    source = Source("python", content)
    return [
        command for node in walk(source.root) if node.type == "call" for command in _of_call(source, node)
    ]


def _of_call(source: Source, node: Node) -> list[Command]:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None:
        return []
    name, line = source.text(function).lower(), line_of(node)
    given = [child for child in arguments.named_children if child.type != "comment"]
    own = Command(name, tuple(source.text(child) for child in given), source.text(node), line)
    if name.rsplit(".", 1)[-1] not in _RUNNERS or not given:
        return [own]
    return [own, *_run(source, given[0], line)]


def _run(source: Source, argument: Node, line: int) -> list[Command]:
    """What is run: a list of words, or a text that a shell reads."""
    if argument.type == "list":
        words = [_literal(source, child) for child in argument.named_children if child.type != "comment"]
        return [Command(program(words[0]), tuple(words[1:]), source.text(argument), line)] if words else []
    if argument.type != "string":
        return []
    inside = shell_commands(_literal(source, argument))
    return [replace(command, line=line + command.line - 1) for command in inside]


def _literal(source: Source, node: Node) -> str:
    if node.type != "string":
        return source.text(node)
    content = [source.text(child) for child in node.named_children if child.type != "string_start"]
    return unquoted("".join(content[:-1])) if content else ""
