"""What tests of the pages share."""

from urllib.parse import urlsplit

from playwright.sync_api import Page

from course import settings


def show_everything(tab: Page) -> None:
    """Let `tab` open pages as who threw the switch that shows what predictions hide."""
    tab.add_init_script("localStorage.setItem('course /', JSON.stringify({ shown: true }))")


def as_published(tab: Page) -> None:
    """Let `tab` find what a page names by where the site is published, as the 404 page does."""
    root = urlsplit(settings()["sphinx"]["config"]["html_baseurl"]).path
    tab.route(f"**{root}**", lambda r: r.continue_(url=r.request.url.replace(root, "/", 1)))
