"""One folder of knowledge files: which files it holds, their trees and shapes, and what was wrong so far."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from knowledge.problems import Problem, suggestion
from knowledge.schema import Known
from knowledge.shaping import fit
from knowledge.yaml_source import Node, read_yaml

ShapeT = TypeVar("ShapeT", bound=BaseModel)


@dataclass(frozen=True)
class Folder:
    """A folder and the problems found in it; `prefix` stands before its files' names in them ("en/")."""

    path: Path
    prefix: str
    problems: list[Problem]

    def yaml_files(self, subfolder: str) -> list[str]:
        """The names of the files in a subfolder ("flows/recover_username.yaml"), sorted."""
        return sorted(f"{subfolder}/{path.name}" for path in (self.path / subfolder).glob("[!.]*.yaml"))

    def tree(self, name: str) -> Node | None:
        """The tree of one file, None if there is none or it cannot be read: that is a problem."""
        path = self.path / name
        if not path.exists() and not path.is_symlink():
            self.problem(name, None, "the file is missing", "write it, see README.md")
            return None
        return read_yaml(path, self.prefix + name, self.problems)

    def shape(self, kind: type[ShapeT], name: str, known: Known) -> ShapeT | None:
        """One file as its shape, None if it does not fit."""
        tree = self.tree(name)
        return fit(kind, tree, self.prefix + name, known, self.problems) if tree else None

    def problem(self, name: str, place: Node | None, what: str, mend: str) -> None:
        """Add a problem of one file, at a node or (None) at its beginning."""
        line, column = (place.line, place.column) if place else (1, 1)
        self.problems.append(Problem(self.prefix + name, line, column, what, mend))

    def refuse_strangers(self, files: Collection[str], folders: Collection[str]) -> None:
        """Add a problem for each YAML file and each folder that nothing would read."""
        for path in sorted(self.path.iterdir()):
            if path.name.startswith((".", "__")):
                continue
            if path.is_dir() and path.name not in folders:
                self.problem(path.name, None, "nothing reads this folder", suggestion(path.name, folders, "remove it"))
            elif path.suffix in (".yaml", ".yml") and path.name not in files:
                mend = suggestion(path.name, files, "move it into a folder, or remove it")
                self.problem(path.name, None, "nothing reads this file", mend)
        for folder in folders:
            for path in sorted((self.path / folder).glob("[!.]*.yml")):
                self.problem(f"{folder}/{path.name}", None, "nothing reads this file", "end its name with .yaml")
