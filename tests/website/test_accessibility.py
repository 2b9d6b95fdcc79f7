"""Every page passes axe-core, in light and dark, on a desktop and on a phone."""

import pytest

from tests.support import AXE, DESKTOP, EVERY_PAGE, PHONE
from tests.website.support import as_published, show_everything

# one page in two lights and two sizes; each pair of them is covered by its neighbours
VIEWS = {"desktop": DESKTOP, "phone": PHONE}


@pytest.mark.slow
@pytest.mark.browser_context_args(reduced_motion="reduce")
@pytest.mark.parametrize("name", EVERY_PAGE)
def test_axe_finds_nothing(name, served, page):
    found = []
    as_published(page)
    show_everything(page)
    for view, size in VIEWS.items():
        page.set_viewport_size(size)
        page.goto(f"{served}/{name}", wait_until="load")
        # axe notes where things stand first; parts that are laid out meanwhile would move them
        page.evaluate("delete document.documentElement.dataset.fresh")
        page.add_script_tag(path=AXE)
        for theme in ("light", "dark"):
            page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            page.evaluate("document.getAnimations().forEach((fade) => fade.finish())")
            result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            for violation in result["violations"]:
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append(
                    f"{view} {theme}: {violation['id']} × {len(violation['nodes'])}: {nodes}"
                )
    assert not found, "\n".join(found)
