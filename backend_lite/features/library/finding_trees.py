"""The commands of shell and PowerShell scripts, from their syntax trees: comments and texts are none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from tree_sitter import Language, Node, Parser

from backend_lite.features.library.finding_words import Command, program, unquoted, without_prefix


@cache
def parser_of(language: str) -> Parser:
    """For bash, powershell or python."""
    import tree_sitter_bash
    import tree_sitter_powershell
    import tree_sitter_python

    grammars = {"bash": tree_sitter_bash, "powershell": tree_sitter_powershell, "python": tree_sitter_python}
    return Parser(Language(grammars[language].language()))


def parse(language: str, content: str) -> Node:
    # A parser keeps state: each call has one of its own.
    return Parser(parser_of(language).language).parse(content.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text; however deep."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(one.children))


def text_of(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def line_of(node: Node) -> int:
    return node.start_point[0] + 1


def shell_commands(content: str) -> list[Command]:
    return [command for node in walk(parse("bash", content)) if (command := _shell_command(node))]


def _shell_command(node: Node) -> Command | None:
    if node.type != "command":
        return None
    words = [
        unquoted(text_of(child))
        for child in node.named_children
        if child.type not in ("variable_assignment", "file_redirect", "herestring_redirect")
    ]
    words = without_prefix(words)
    if not words:
        return None
    return Command(program(words[0]), tuple(words[1:]), text_of(node), line_of(node), _before(node))


def _before(node: Node) -> tuple[str, ...]:
    """The commands in front of this one in its pipeline."""
    inner: Node = node
    while inner.parent is not None and inner.parent.type in ("redirected_statement",):
        inner = inner.parent
    pipeline = inner.parent
    if pipeline is None or pipeline.type != "pipeline":
        return ()
    names: list[str] = []
    for sibling in pipeline.named_children:
        if sibling.start_byte >= inner.start_byte:
            break
        first = next((one for one in walk(sibling) if one.type == "command"), None)
        words = without_prefix([unquoted(text_of(child)) for child in first.named_children]) if first else []
        names.extend(program(word) for word in words[:1])
    return tuple(names)


def powershell_commands(content: str) -> list[Command]:
    """Also calls of methods, by the name of the method: `.downloadstring`."""
    found: list[Command] = []
    for node in walk(parse("powershell", content)):
        if node.type == "command":
            name = node.child_by_field_name("command_name")
            words = [unquoted(text_of(one)) for one in _elements(node)]
            if name is not None:
                command = program(text_of(name))
                found.append(Command(command, tuple(words), text_of(node), line_of(node), _piped(node)))
        elif node.type == "invokation_expression":
            found.append(_call(node))
    return found


def _elements(node: Node) -> list[Node]:
    elements = node.child_by_field_name("command_elements")
    children = elements.named_children if elements is not None else []
    return [child for child in children if child.type != "command_argument_sep"]


def _call(node: Node) -> Command:
    member = next((one for one in node.named_children if one.type == "member_name"), None)
    name = f".{text_of(member).lower()}" if member is not None else "."
    return Command(name, (), text_of(node), line_of(node))


def _piped(node: Node) -> tuple[str, ...]:
    chain = node.parent
    if chain is None or chain.type != "pipeline_chain":
        return ()
    names: list[str] = []
    for sibling in chain.named_children:
        if sibling.start_byte >= node.start_byte:
            break
        for one in walk(sibling):
            if one.type == "command" and (name := one.child_by_field_name("command_name")) is not None:
                names.append(program(text_of(name)))
            elif one.type == "invokation_expression":
                names.append(_call(one).name)
    return tuple(names)
