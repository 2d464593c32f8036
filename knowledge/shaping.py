"""Fits a file's tree to its shape, and says at which place and why it does not fit."""

from datetime import date
from typing import Annotated, TypeVar, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from knowledge.problems import Problem, suggestion
from knowledge.schema import Known
from knowledge.yaml_source import Node

ShapeT = TypeVar("ShapeT", bound=BaseModel)

_KINDS = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "date_type": "a date",
}


def fit(shape: type[ShapeT], node: Node, file: str, known: Known, problems: list[Problem]) -> ShapeT | None:
    """The file as its shape, or None; everything that does not fit is added to `problems`."""
    try:
        return shape.model_validate(node.plain(), context=known)
    except ValidationError as error:
        problems += (_problem(shape, node, file, details) for details in error.errors(include_url=False))
        return None


def _problem(shape: type[BaseModel], root: Node, file: str, details: ErrorDetails) -> Problem:
    path = tuple(step for step in details["loc"] if step != "[key]")
    at_key = details["type"] == "extra_forbidden" or "[key]" in details["loc"]
    node, line, column = _look_up(root, path, at_key=at_key)
    owner, mend = _owner_and_mend(shape, path)
    what, mend = _explain(details, path, node, owner, mend)
    return Problem(file, line, column, what, mend)


def _look_up(root: Node, path: tuple[int | str, ...], *, at_key: bool) -> tuple[Node, int, int]:
    """The node at the path, or the last one on the way that exists; and its place, or that of its key."""
    node, line, column = root, root.line, root.column
    for step in path:
        if isinstance(node.value, list) and isinstance(step, int):
            node = node.value[step]
            line, column = node.line, node.column
        elif isinstance(node.value, dict) and isinstance(step, str) and step in node.value:
            line, column = node.keys[step]
            node = node.value[step]
            if not at_key and node.value is not None:
                line, column = node.line, node.column
        else:
            break
    return node, line, column


def _owner_and_mend(shape: type[BaseModel], path: tuple[int | str, ...]) -> tuple[type[BaseModel], str]:
    """The innermost shape on the path, and what to write there: a field's description or a shape's docstring."""
    owner, mend = shape, f"write {shape.__doc__}"
    annotation: object = shape
    for step in path:
        annotation = _bare(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            owner = annotation
            known = annotation.model_fields.get(str(step))
            if known is None:
                break
            annotation, mend = known.annotation, known.description or mend
        else:
            annotation = get_args(annotation)[-1]
            inner = _bare(annotation)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                owner, mend = inner, f"write {inner.__doc__}"
    return owner, mend


def _bare(annotation: object) -> object:
    """A type without its Annotated, its RootModel and its `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _bare(annotation.model_fields["root"].annotation)
    shapes = [arg for arg in get_args(annotation) if isinstance(arg, type) and issubclass(arg, BaseModel)]
    if type(None) in get_args(annotation) and shapes:
        return shapes[0]
    return annotation


def _explain(
    details: ErrorDetails, path: tuple[int | str, ...], node: Node, owner: type[BaseModel], mend: str
) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    label = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this item" if path else "the file"
    if kind == "knowledge":
        return context["what"], context["mend"]
    if kind == "missing":
        return f"{label} is missing here", mend
    if kind == "extra_forbidden":
        keys = list(owner.model_fields)
        return f"there is no key {label} here", suggestion(str(path[-1]), keys, f"the keys are {', '.join(keys)}")
    if node.value is None:
        return f"{label} has no value", mend
    if kind == "too_short":
        return f"{label} is empty", mend
    if kind == "string_type" and isinstance(node.value, int | date):
        return f"{label} must be text", f'put it in quotes: "{str(node.value).lower()}"'
    if kind == "string_type" and isinstance(node.value, dict):
        return f"{label} must be text", "put text in quotes that has `: ` in it or begins with `{`"
    if kind in _KINDS:
        return f"{label} must be {_KINDS[kind]}", mend
    return f"{label}: {details['msg']}", mend
