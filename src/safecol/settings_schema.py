"""The table of settings comes in; the JSON schema of a settings file goes out."""

from safecol.settings import SECTIONS, SEVERITY_WORDS, TABLE, Setting, Value


def json_schema() -> dict[str, Value]:
    """The JSON schema of a settings file."""
    shapes: dict[str, dict[str, Value]] = {
        "text": {"type": "string"},
        "expression": {"type": "string", "format": "regex"},
        "path": {"type": "string"},
        "texts": {"type": "array", "items": {"type": "string"}},
        "paths": {"type": "array", "items": {"type": "string"}},
        "patterns": {"type": "array", "items": {"type": "string"}},
        "boolean": {"type": "boolean"},
        "version": {"type": ["string", "integer"]},
        "duration": {"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+ ?(ms|s|min|h)?$"},
        "severities": {"type": "object", "additionalProperties": {"enum": list(SEVERITY_WORDS)}},
        "rows": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        "names": {"type": "object", "additionalProperties": {"type": "string"}},
    }

    def shape(setting: Setting) -> dict[str, Value]:
        known = {"enum": list(setting.choices)} if setting.kind == "choice" else shapes[setting.kind]
        return {"description": setting.doc, **known}

    def tree(settings: list[Setting]) -> dict[str, Value]:
        top: dict[str, Value] = {s.name: shape(s) for s in settings if "." not in s.name}
        for section in SECTIONS:
            inside = {s.name.partition(".")[2]: shape(s) for s in settings if s.name.startswith(section + ".")}
            if not inside:
                continue
            table = {"type": "object", "additionalProperties": False, "properties": inside}
            top[section] = {"anyOf": [top[section], table]} if section in top else table
        return top

    override = {
        "type": "object",
        "additionalProperties": False,
        "required": ["files"],
        "properties": {
            "files": {"description": "Path patterns, relative to this file.", **shapes["texts"]},
            **tree([setting for setting in TABLE if setting.by_path]),
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "safecol settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **tree(list(TABLE)),
            "overrides": {"description": "Settings by path; later entries win.", "type": "array", "items": override},
        },
    }


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
