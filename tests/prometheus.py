"""A real Prometheus, for tests."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp


@asynccontextmanager
async def prometheus(folder: Path, config: str, *features: str) -> AsyncIterator[str]:
    """Its address, once it answers; ``config`` is its prometheus.yml."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = folder / "prometheus.yml"
    file.write_text(config)
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        *([f"--enable-feature={','.join(features)}"] if features else []),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_ready(address)
        yield address
    finally:
        process.terminate()
        await process.wait()


async def _until_ready(address: str) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"http://{address}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
