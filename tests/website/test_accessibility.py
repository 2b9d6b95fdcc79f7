"""Every page passes axe-core, in light and dark, on a desktop and on a phone."""

import pytest

from course import ROOT, SITE

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = sorted(
    p.relative_to(SITE).as_posix()
    for p in [
        *SITE.glob("book/*.html"),
        *SITE.glob("exercises/*/*.html"),
        *SITE.glob("search.html"),
    ]
)
# one page in two lights and two sizes; each pair of them is covered by its neighbours
VIEWS = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(page, served, browser):
    found = []
    for view, (width, height) in VIEWS.items():
        tab = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        tab.goto(f"{served}/{page}", wait_until="load")
        # axe notes where things stand first; parts that are laid out meanwhile would move them
        tab.evaluate("delete document.documentElement.dataset.fresh")
        tab.add_script_tag(path=AXE)
        for theme in ("light", "dark"):
            tab.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            tab.wait_for_timeout(300)  # colours fade over
            result = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
            for violation in result["violations"]:
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append(
                    f"{view} {theme}: {violation['id']} × {len(violation['nodes'])}: {nodes}"
                )
        tab.close()
    assert not found, "\n".join(found)
