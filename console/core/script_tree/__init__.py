"""Scripts as files that git likes: for import, export and the starter library.

A folder is a tree. Its sub-folders are the folders of the library (`Windows/Clean up`). In it lie

    <stem>.ps1, .sh, .cmd, .py          the text
    <stem>.yaml                         what the text is called and for; see `about`
    <stem>.detect.<suffix>, .undo.      the texts that look first and that take back, where there are any

A text without its YAML file is a script too: it is called as its file, and its language and system follow
from the file. Names that begin with a dot, and files of other kinds, are left alone.

`read_tree` reads, `write_tree` writes, `plan_import` says what an import would do.
"""

from console.core.script_tree.model import TreeProblem, TreeScript
from console.core.script_tree.plan import ImportItem, ImportKind, plan_import
from console.core.script_tree.reading import read_tree
from console.core.script_tree.writing import write_tree

__all__ = [
    "ImportItem",
    "ImportKind",
    "TreeProblem",
    "TreeScript",
    "plan_import",
    "read_tree",
    "write_tree",
]
