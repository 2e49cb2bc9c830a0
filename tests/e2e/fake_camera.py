"""What a phone's camera sees: a video of printed codes, held at an angle and out of focus."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from magacin.stack import webapp
from tests.stack.test_lifecycle import Recorder

# What Chromium plays of such a file, over and over.
FRAMES_PER_SECOND = 30
_AWAY_SECONDS = 0.3


@dataclass(frozen=True)
class Printed:
    """A code, and how it is held: at so many degrees, out of focus by so many pixels."""

    text: str
    format: str
    options: str = ""
    degrees: int = 0
    blur: float = 0
    # Pixels to a module.
    scale: int = 3
    seconds: float = 1.2


def arguments(video: Path) -> list[str]:
    """Return what has Chromium take a video for its camera."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]


async def film(browser: Browser, codes: Sequence[Printed], video: Path) -> None:
    """Write a video that shows codes one after the other."""
    page = await browser.new_page()
    try:
        shown = [
            base64.b64decode(await page.evaluate(_DRAW, [*one, code.degrees, code.blur, code.scale]))
            for code, one in zip(codes, await asyncio.to_thread(_rendered, codes), strict=True)
        ]
        nothing = base64.b64decode(await page.evaluate(_DRAW, [0, 0, "", 0, 0, 1]))
    finally:
        await page.close()
    away = nothing * int(FRAMES_PER_SECOND * _AWAY_SECONDS)
    frames = b"".join(
        away + one * int(FRAMES_PER_SECOND * code.seconds) for code, one in zip(codes, shown, strict=True)
    )
    await asyncio.to_thread(video.write_bytes, frames)


def _rendered(codes: Sequence[Printed]) -> list[tuple[int, int, str]]:
    asked: list[dict[str, Any]] = [
        {"text": code.text, "format": code.format, **({"options": code.options} if code.options else {})}
        for code in codes
    ]
    node = webapp.ready(Recorder())
    said = subprocess.run(
        [node.program, "scripts/render-codes.mjs"],
        cwd=webapp.WEB,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [(one["width"], one["height"], one["dark"]) for one in json.loads(said)]


# Draws the modules of a code on a sheet, and returns the picture as JPEG in Base64.
_DRAW = """
async ([width, height, dark, degrees, blur, scale]) => {
  const canvas = new OffscreenCanvas(1280, 720);
  const context = canvas.getContext("2d");
  context.fillStyle = "#c9c4ba";
  context.fillRect(0, 0, 1280, 720);
  context.filter = blur ? `blur(${blur}px)` : "none";
  context.translate(640, 360);
  context.rotate(degrees * Math.PI / 180);
  context.fillStyle = "#fff";
  if (dark) context.fillRect(-(width / 2 + 12) * scale, -(height / 2 + 8) * scale,
                             (width + 24) * scale, (height + 16) * scale);
  const sheet = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
  const ink = sheet.getContext("2d");
  [...dark].forEach((module, at) => {
    if (module === "1") ink.fillRect((at % width) * scale, Math.floor(at / width) * scale, scale, scale);
  });
  context.drawImage(sheet, -width * scale / 2, -height * scale / 2);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}
"""
