"""Lists the benchmarks: the first line of what each says of itself."""

from __future__ import annotations

import ast
from pathlib import Path


def main() -> None:
    """Prints a line for each package that can be run with ``python -m``."""
    for entry in sorted(Path(__file__).parent.glob("*/__main__.py")):
        summary = (ast.get_docstring(ast.parse(entry.read_text())) or "").partition("\n")[0]
        print(f"python -m benchmarks.{entry.parent.name:<10} {summary}")


if __name__ == "__main__":
    main()
