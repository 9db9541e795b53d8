"""Build hook: the rule pages come in, `rules/index.json` goes into the wheel, so that no page is read at start-up."""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IndexHook(BuildHookInterface):
    """Reads the heads with the package's own reader; a page that is wrong fails the build."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        try:
            from safecol import catalog  # noqa: PLC0415 - it is found only now

            text = catalog.index(str(root / "rules"))
        finally:
            sys.path.remove(str(root / "src"))
        file = Path(mkdtemp()) / "index.json"
        file.write_text(text, encoding="utf-8")
        build_data["force_include"][str(file)] = "safecol/rules/index.json"
