"""How fast are the pages? `make bench` measures them beside what Jupyter Book makes of them.

usage: python -m website.bench [--instant] [PAGE ...]

PAGE is a path like book/memory; without one, all. `--instant` measures the sliders alone.

The twin, built into _build/twin, is the same chapters with Jupyter Book's defaults: its theme and
its widgets as they come, `interact` in place of `explore`, figures as matplotlib's PNGs. Its
scripts are served locally too, or the table would show a network. Lighthouse loads each page of
both in turn in one browser and simulates a slow phone from what it saw. Only the difference
between the two means something on another machine.
"""

import functools
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from course import ROOT, SITE, chapters, contents
from website.chromium import chromium, path

TWIN = ROOT / "_build" / "twin"
SCRIPTS = ROOT / "node_modules"
CATEGORIES = ["performance", "accessibility", "best-practices", "seo"]
PRESSES = 8  # of each control
PAUSE = 100  # ms between two of them: a reader who looks at what came
SETTLE = 500  # ms before the first: a reader who finds the slider

EXPLORE = """
import matplotlib.pyplot as plt
from IPython.display import display
from ipywidgets import SelectionSlider, interact


def explore(draw, *data, start=None, **parameters):
    def show(**values):
        fig, _ = draw(*data, **values)
        display(fig)
        plt.close(fig)

    first = {name: values[0] for name, values in parameters.items()} | (start or {})
    interact(show, **{n: SelectionSlider(options=v, value=first[n]) for n, v in parameters.items()})
"""
SHOW = """

def show(fig, alt):
    plt.close(fig)
    return fig
"""
TIMED = """box => {
  const old = box.querySelector('img.lesson-figure');
  window.painted = new Promise(resolve => addEventListener('keydown', event => {
    const seen = new MutationObserver(async () => {
      const now = box.querySelector('img.lesson-figure');
      if (now === old) return;
      seen.disconnect();
      await now.decode();
      // what a frame's callback posts runs when that frame has been painted
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now() - event.timeStamp);
        port2.postMessage(0);
      });
    });
    seen.observe(box, { childList: true });
  }, { once: true, capture: true }));
}"""


class Compressed(SimpleHTTPRequestHandler):
    """A folder served as hosts of static pages serve it: text compressed, connections kept."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        kind, data = self.guess_type(str(path)), path.read_bytes()
        self.send_response(200)
        if not kind.startswith(("image/png", "font/")):
            data = _packed(path, path.stat().st_mtime)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@functools.cache
def _packed(path: Path, changed: float) -> bytes:
    return gzip.compress(path.read_bytes())


def serve(folder: Path) -> str:
    """Serve `folder` for as long as this process lives; returns its address."""
    handler = functools.partial(Compressed, directory=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def build_twin() -> Path:
    """The book as Jupyter Book makes it when nothing is said; returns the site's folder."""
    for old in [*TWIN.glob("*"), *TWIN.glob("_build/*"), TWIN / "_build" / ".doctrees"]:
        if old.name != "_build" and old.name != ".jupyter_cache":  # outputs do not depend on ours
            shutil.rmtree(old, ignore_errors=True)
    for name in ("book", "exercises"):
        shutil.copytree(ROOT / name, TWIN / name)
    shutil.copy(ROOT / "_toc.yml", TWIN)
    (TWIN / "book" / "lesson" / "explore.py").write_text(EXPLORE, "utf-8")
    plots = TWIN / "book" / "lesson" / "plots.py"
    plots.write_text(plots.read_text("utf-8") + SHOW, "utf-8")
    local = TWIN / "scripts" / "local"
    shutil.copytree(SCRIPTS / "mathjax" / "es5", local / "mathjax")
    (local / "widgets").mkdir()
    shutil.copy(SCRIPTS / "requirejs" / "require.js", local / "widgets")
    for file in (SCRIPTS / "@jupyter-widgets" / "html-manager" / "dist").glob("*"):
        if file.name == "embed-amd.js" or file.suffix.startswith(".woff"):
            shutil.copy(file, local / "widgets")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    ours = config.pop("sphinx")["config"]
    config["sphinx"] = {
        "config": {
            "html_static_path": ["scripts"],
            "mathjax_path": "local/mathjax/tex-mml-chtml.js",
            "nb_ipywidgets_js": {
                "local/widgets/require.js": {},
                "local/widgets/embed-amd.js": {},
            },
            # how the text is read, not how it is shown
            **{k: ours[k] for k in ("myst_heading_anchors", "nb_render_markdown_format")},
        }
    }
    (TWIN / "_config.yml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", "."]
    done = subprocess.run(command, cwd=TWIN, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"the twin could not be built:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
    return TWIN / "_build" / "html"


def lighthouse(jobs: list[tuple[str, str, list[str]]]) -> Iterator[dict]:
    """What Lighthouse says of each (address, "mobile" or "desktop", categories), as it comes."""
    bin = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:{bin}", "CHROME_PATH": path()}
    node = subprocess.Popen(
        ["node", ROOT / "website" / "lighthouse.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert node.stdin and node.stdout
    node.stdin.write(json.dumps(jobs))
    node.stdin.close()
    yield from map(json.loads, node.stdout)
    if node.wait():
        raise SystemExit("Lighthouse failed; what it said is above")


def loading(chosen: list[str]) -> None:
    """Print the table of first paint and blocking time, ours beside the twin's."""
    ours, theirs = serve(SITE), serve(build_twin())
    jobs = []
    for page in chosen:
        jobs += [(f"{ours}/{page}.html", "mobile", CATEGORIES)]
        jobs += [(f"{theirs}/{page}.html", "mobile", CATEGORIES[:1])]
        if page in chapters():
            jobs += [(f"{ours}/{page}.html", "desktop", CATEGORIES[:1])]
    print(
        "| page | KB | by default | first paint, s | by default | blocked, ms | by default "
        "| phone | by default | desktop | accessible, good practice, findable |\n|" + "---|" * 11
    )
    seen, rows = {}, []
    for job, result in zip(jobs, lighthouse(jobs), strict=True):
        seen[job[0], job[1]] = result
    for page in chosen:
        us, them = seen[f"{ours}/{page}.html", "mobile"], seen[f"{theirs}/{page}.html", "mobile"]
        wide = seen.get((f"{ours}/{page}.html", "desktop"))
        pairs = [(r["bytes"] / 1000, r["fcp"] / 1000, r["tbt"]) for r in (us, them)]
        scores = [r["scores"]["performance"] if r else None for r in (us, them, wide)]
        rows.append([n for pair in zip(*pairs, strict=True) for n in pair] + scores)
        others = " ".join(str(us["scores"][c]) for c in CATEGORIES[1:])
        print(_row(page, rows[-1], others + "".join(f" ({name})" for name in us["failed"])))
    columns = zip(*rows, strict=True)
    middle = [statistics.median([n for n in c if n is not None] or [0]) for c in columns]
    print(_row("**median**", middle, ""))


def _row(name: str, numbers: list[float | None], last: str) -> str:
    forms = (".0f", ".0f", ".1f", ".1f", ".0f", ".0f", ".0f", ".0f", ".0f")
    cells = ("" if n is None else f"{n:{f}}" for n, f in zip(numbers, forms, strict=True))
    return f"| {name} | {' | '.join(cells)} | {last} |"


def instant(chosen: list[str]) -> None:
    """Print how long it takes from a pressed key to the new frame on the screen."""
    root, controls = serve(SITE), {}
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.add_init_script("localStorage.setItem('course /', JSON.stringify({ shown: true }))")
        for page in chosen:
            tab.goto(f"{root}/{page}.html")
            for n, box in enumerate(tab.locator(".explore").all()):
                box.scroll_into_view_if_needed()
                tab.wait_for_timeout(SETTLE)
                for k, control in enumerate(box.locator(".explore-control").all()):
                    times = [t for key in _keys(tab, control) if (t := _timed(tab, box, key))]
                    controls[f"{page} {n + 1}.{k + 1}"] = times
    if not controls:
        return
    every = [t for times in controls.values() for t in times]
    middles = {name: statistics.median(times) for name, times in controls.items()}
    slowest = max(middles, key=lambda name: middles[name])
    print(
        f"\nFrom a pressed key to the painted frame, {len(controls)} controls of "
        f"{len({n.split()[0] for n in controls})} pages, {len(every)} presses: median "
        f"**{statistics.median(every):.0f} ms**; {sum(m < 50 for m in middles.values())} controls "
        f"have a median under 50 ms, the slowest {middles[slowest]:.0f} ms ({slowest}); "
        f"slowest press {max(every):.0f} ms."
    )


def _keys(tab, control) -> Iterator[str]:
    """Keys that move `control` through its values and back; it has the focus when one comes."""
    slider, buttons = control.get_by_role("slider"), control.locator("button").all()
    if slider.count():
        slider.focus()
        tab.keyboard.press("Home")
        last = int(slider.get_attribute("max"))
        for press in range(PRESSES):
            yield "ArrowRight" if press // last % 2 == 0 else "ArrowLeft"
        return
    pressed = [button.get_attribute("aria-pressed") for button in buttons].index("true")
    for press in range(PRESSES):
        buttons[(pressed + 1 + press) % len(buttons)].focus()
        yield "Enter"


def _timed(tab, box, key: str) -> float:
    tab.wait_for_timeout(PAUSE)
    box.evaluate(TIMED)
    tab.keyboard.press(key)
    return tab.evaluate("window.painted")


def main() -> None:
    arguments = [a for a in sys.argv[1:] if a != "--instant"]
    chosen = arguments or [page for _, pages in contents() for page in pages]
    load = os.getloadavg()[0]
    print(f"{len(chosen)} pages, {os.cpu_count()} cores, load {load:.1f} at the start\n")
    if "--instant" not in sys.argv:
        loading(chosen)
    instant(chosen)


if __name__ == "__main__":
    main()
