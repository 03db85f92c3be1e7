"""What Python scripts call, and the commands that they hand to the system."""

from __future__ import annotations

from tree_sitter import Node

from backend_lite.features.library.finding_trees import line_of, parse, shell_commands, text_of, walk
from backend_lite.features.library.finding_words import Command, program, unquoted

_RUNNERS = ("run", "call", "check_call", "check_output", "popen", "system", "getoutput", "getstatusoutput")


def python_commands(content: str) -> list[Command]:
    """Calls by their whole name (`shutil.rmtree`), and the commands in texts and lists that they run."""
    found: list[Command] = []
    for node in walk(parse("python", content)):
        if node.type == "call":
            found.extend(_of_call(node))
    return found


def _of_call(node: Node) -> list[Command]:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None:
        return []
    name, line = text_of(function).lower(), line_of(node)
    words = tuple(text_of(child) for child in arguments.named_children if child.type != "comment")
    own = Command(name, words, text_of(node), line)
    if name.rsplit(".", 1)[-1] not in _RUNNERS or not arguments.named_children:
        return [own]
    return [own, *_run(arguments.named_children[0], line)]


def _run(argument: Node, line: int) -> list[Command]:
    """What is run: a list of words, or a text that a shell reads."""
    if argument.type == "list":
        words = [_literal(child) for child in argument.named_children if child.type != "comment"]
        return [Command(program(words[0]), tuple(words[1:]), text_of(argument), line)] if words else []
    if argument.type != "string":
        return []
    inside = shell_commands(_literal(argument))
    return [Command(c.name, c.words, c.raw, line + c.line - 1, c.before) for c in inside]


def _literal(node: Node) -> str:
    if node.type != "string":
        return text_of(node)
    content = [text_of(child) for child in node.named_children if child.type != "string_start"]
    return unquoted("".join(content[:-1])) if content else ""
