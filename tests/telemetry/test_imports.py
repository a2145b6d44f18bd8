"""Libraries without their optional parts."""

from __future__ import annotations

import importlib
import sys

import pytest

from fusewatch.telemetry.imports import without


def test_a_package_is_missing_within_and_there_again_afterwards(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        importlib.import_module("colorsys")
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_what_is_imported_already_stays():
    with without("sys", "importlib"):
        assert importlib.import_module("importlib") is importlib
