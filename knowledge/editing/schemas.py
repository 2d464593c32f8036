"""JSON Schemas of the knowledge files, with which an editor's program completes keys and shows what to write."""

import json
from pathlib import Path

from pydantic import BaseModel

from knowledge.directory_source import PlacesFile, RegulatorsFile
from knowledge.schema import (
    EntriesFile,
    ExamplesFile,
    FactsFile,
    FlowFile,
    LetterFile,
    PhrasesFile,
    SourcesFile,
    WordsFile,
)

SCHEMAS: dict[str, type[BaseModel]] = {
    "entries": EntriesFile,
    "examples": ExamplesFile,
    "facts": FactsFile,
    "flow": FlowFile,
    "letter": LetterFile,
    "phrases": PhrasesFile,
    "places": PlacesFile,
    "regulators": RegulatorsFile,
    "sources": SourcesFile,
    "words": WordsFile,
}

FOLDER = Path(__file__).parents[1] / "schemas"


def written(name: str) -> str:
    """Return the text of the schema of this name, as it lies in FOLDER."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name].model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_all(folder: Path = FOLDER) -> list[Path]:
    """Write every schema into the folder; return the files that changed."""
    folder.mkdir(exist_ok=True)
    changed = []
    for name in SCHEMAS:
        file = folder / f"{name}.json"
        text = written(name)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed
