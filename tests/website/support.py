"""What tests of the pages share."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from course import ROOT, settings
from tests.support import AXE, FolderHandler

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'"
)


class Strict(FolderHandler):
    """A server with a content-security policy that allows no other host and no inline script."""

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()


def show_everything(tab: Page) -> None:
    """Let `tab` open pages as who threw the switch that shows what predictions hide."""
    tab.add_init_script("localStorage.setItem('course /', JSON.stringify({ shown: true }))")


def as_published(tab: Page) -> None:
    """Let `tab` find what a page names by where the site is published, as the 404 page does."""
    root = urlsplit(settings()["sphinx"]["config"]["html_baseurl"]).path
    tab.route(f"**{root}**", lambda r: r.continue_(url=r.request.url.replace(root, "/", 1)))


def axe_finds(tab: Page, where: str, dark: bool) -> list[str]:
    """What axe has to say of a part of a page behind a policy, in light or dark."""
    theme = "dark" if dark else "light"
    tab.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    devtools = tab.context.new_cdp_session(tab)  # a policy that forbids inline scripts stops axe
    devtools.send("Page.setBypassCSP", {"enabled": True})
    tab.evaluate(AXE.read_text("utf-8"))
    result = tab.evaluate("where => axe.run(where)", where)
    return [v["id"] + ": " + v["nodes"][0]["html"] for v in result["violations"]]


def walk(script: str, *arguments: str) -> dict:
    """What a walk through the site saw, by what it tried; `script` lies beside this file."""
    path = f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"
    done = subprocess.run(
        ["node", ROOT / "tests" / "website" / script, *arguments],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    lines = map(json.loads, done.stdout.splitlines())
    return {line["what"]: line["saw"] for line in lines}
