"""What the explorers weigh, and the milliseconds from a change of a control to its new picture.

    python -m benchmarks.explorers            # a minute; prints three Markdown tables
    python -m benchmarks.explorers --smoke    # two changes of each control

README.md says what the figures cover.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from helpers._bundling import bundle, explorer_names
from tools.chromium import chromium

ROOT = Path(__file__).resolve().parents[1]
EXPLORERS = ROOT / "explorers"
NAMES = explorer_names(EXPLORERS)
PAGE = """<!doctype html>
<title>{name}</title>
<link rel="stylesheet" href="explorers.css">
<script defer src="explorers.js"></script>
<div class="explorer" data-explorer="{name}" data-state="depth=50"></div>
"""
# Change each control to its next value and back; wait until the picture of each is painted.
CHANGE = """async rounds => {
  const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const taken = {};
  const change = async (field, value) => {
    await painted();
    const before = performance.now();
    field.value = value;
    field.dispatchEvent(new Event(field.type === 'range' ? 'input' : 'change'));
    await painted();
    (taken[`${field.id} ${value}`] ??= []).push(performance.now() - before);
  };
  for (let round = 0; round < rounds; round++) {
    for (const field of document.querySelectorAll('.explorer-controls :is(input, select)')) {
      const before = field.value;
      if (field.options) await change(field, field.options[field.selectedIndex ? 0 : 1].value);
      else await change(field, String(Number(before) * 0.9 || field.step));
      await change(field, before);
    }
  }
  return taken;
}"""

# The same sums again and again: what they take differs by what else the machine does.
SAME = """times => {
  const numbers = Float64Array.from({ length: 200000 }, (_, i) => Math.sin(i));
  const taken = [];
  for (let time = -20; time < times; time++) {
    const before = performance.now();
    let sum = 0;
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < numbers.length; i++) sum += numbers[i] * numbers[(7 * i) % 4096];
    }
    if (time >= 0) taken.push(performance.now() - before + 0 * sum);
  }
  return taken;
}"""

SLOWED = 4
SECONDS = 3
NETWORKS = ((4, "relu"), (12, "relu"), (12, "gelu"))
# Play for some seconds, and count how often the first region is painted.
PLAY = """seconds => new Promise(done => {
  let pictures = 0;
  const first = document.querySelector('.explorer-region canvas').getContext('2d');
  const put = first.putImageData;
  first.putImageData = (...image) => {
    pictures++;
    put.apply(first, image);
  };
  [...document.querySelectorAll('button')].find(each => each.textContent === 'Play').click();
  setTimeout(() => done(pictures / seconds), 1000 * seconds);
})"""


def sizes() -> Iterator[tuple[str, int, int]]:
    """Give the bytes of script and style, as they are and as gzip sends them."""
    script = bundle(EXPLORERS / "site.js").encode()
    style = (EXPLORERS / "view" / "explorers.css").read_bytes()
    for name, content in (("script", script), ("style", style), ("both", script + style)):
        yield name, len(content), len(gzip.compress(content))


def milliseconds(page: Page, folder: Path, name: str, rounds: int) -> list[list[float]]:
    """Show an explorer at its deepest, change its controls; return each change's times."""
    (folder / f"{name}.html").write_text(PAGE.format(name=name), "utf-8")
    page.goto((folder / f"{name}.html").as_uri())
    page.wait_for_selector(".explorer-mounted")
    return list(page.evaluate(CHANGE, rounds).values())


def row(name: str, changes: list[list[float]]) -> str:
    """Write the median, the slowest change by its own median, the longest and the first."""
    every = [each for change in changes for each in change]
    slowest = max(map(median, changes))
    figures = (median(every), slowest, max(every), every[0])
    return f"| {name} | {len(every)} | " + " | ".join(f"{each:.0f}" for each in figures) + " |"


def pictures_a_second(page: Page, folder: Path, depth: int, activation: str) -> float:
    """Train networks on a slowed processor; return how often they are drawn."""
    setting = f"depth={depth}&activation={activation}"
    page.goto(f"{(folder / 'training.html').as_uri()}#training?{setting}")
    page.wait_for_selector(".explorer-mounted")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    return page.evaluate(PLAY, SECONDS)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one round instead of five")
    rounds = 1 if parser.parse_args(arguments).smoke else 5
    print("| Part | Bytes | with gzip |\n| --- | --- | --- |")
    for name, plain, packed in sizes():
        print(f"| {name} | {plain:,} | {packed:,} |")
    print("\n| Explorer | Changes | Milliseconds: median | slowest change | longest | first |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        (folder / "explorers.js").write_text(bundle(EXPLORERS / "site.js"), "utf-8")
        shutil.copy(EXPLORERS / "view" / "explorers.css", folder)
        options = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=options)
        for name in NAMES:
            with browser.new_page() as page:
                print(row(name, milliseconds(page, folder, name, rounds)))
        with browser.new_page() as page:
            print(row("the same sums", [page.evaluate(SAME, 40 * rounds)]))
        print(f"\n| Layers, activation | Pictures a second, {SLOWED} times slowed |\n| --- | --- |")
        for depth, activation in NETWORKS:
            with browser.new_page() as page:  # closed again: it would go on playing
                drawn = pictures_a_second(page, folder, depth, activation)
            print(f"| {depth}, {activation} | {drawn:.0f} |")
        browser.close()


if __name__ == "__main__":
    main()
