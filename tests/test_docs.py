"""The documents are part of the product: what they claim must be there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COVERAGE = (ROOT / "docs/coverage.md").read_text()
ROWS = re.findall(r"^\| ([A-Z]\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", COVERAGE, re.MULTILINE)
DASH = "\N{EN DASH}"
COUNTS = {"M": 10, "C": 3, "A": 24, "D": 49, "T": 4, "R": 9, "I": 9, "P": 12, "O": 32, "X": 5}
CLAIMS = [(number, claim.strip()) for number, _, _, tests in ROWS for claim in tests.split(",") if claim.strip() != DASH]


def test_every_requirement_has_one_row():
    assert sorted(number for number, *_ in ROWS) == sorted(f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1))


def test_a_place_is_named_exactly_where_a_test_is():
    assert [number for number, _, place, tests in ROWS if (place.strip() == DASH) != (tests.strip() == DASH)] == []


@pytest.mark.parametrize(("number", "claim"), CLAIMS)
def test_a_claimed_test_exists(number, claim):
    file, _, name = claim.strip("`").partition("::")
    path = ROOT / file
    assert path.is_file(), f"{number} names {file}"
    if not name:
        return
    if path.suffix == ".py":
        names = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names, f"{number} names {claim}"
    else:
        assert name in path.read_text(), f"{number} names {claim}"


@pytest.mark.parametrize("document", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], key=str), ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []
