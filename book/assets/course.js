// What the published page needs beside the theme: its sliders, and repairs.

// What `explore` shows in the published page. The frames of a figure are one file, fetched when the figure
// comes near the view; a move swaps the picture for another, decoded one.
const NEAR = "800px";

/** What a script hangs on its own element: data that a page opened from a folder may fetch, too. */
function fetchScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.onload = () => resolve(script.data);
    script.onerror = () => { script.remove(); reject(new Error(`${script.src} did not come`)); };
    script.src = address;
    document.head.append(script);
  });
}

/** Do something with each box, once, when it comes near the view. */
function whenNear(boxes, act) {
  const near = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach(({ target }) => {
    near.unobserve(target);
    act(target);
  }), { rootMargin: NEAR });
  boxes.forEach((box) => near.observe(box));
}

function loaded(box) {
  box.loaded ??= fetchScript(box.dataset.frames).catch((error) => { box.loaded = undefined; throw error; });
  return box.loaded;
}

// One image for each frame that was looked at or is next to one that was.
function picture(box, { glyphs, frames }, index) {
  const [alt, svg] = frames[index];
  const first = box.querySelector("img.lesson-figure");
  box.pictures ??= new Map();
  if (!box.pictures.has(index)) {
    const img = new Image(first.getAttribute("width"), first.getAttribute("height"));
    const drawn = svg.replace(/<path id='([\w-]+)'\/>/g, (_, glyph) => glyphs[glyph]);
    Object.assign(img, { className: first.className, alt, src: "data:image/svg+xml," + encodeURIComponent(drawn) });
    img.style.cssText = first.style.cssText;
    img.decode().catch(() => {});
    box.pictures.set(index, img);
  }
  return box.pictures.get(index);
}

const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));

function control(box) {
  const controls = [...box.querySelectorAll(".explore-control")].map((row) => {
    const slider = row.querySelector("input");
    const buttons = [...row.querySelectorAll("button")];
    return {
      size: slider ? Number(slider.max) + 1 : buttons.length,
      set(value) {
        if (slider) slider.value = value;
        (slider ? slider.dispatchEvent(new Event("input")) : buttons[value]?.click());
      },
      get: () => slider ? Number(slider.value) : buttons.findIndex((b) => b.getAttribute("aria-pressed") === "true"),
      listen(changed) {
        const labels = slider && JSON.parse(slider.dataset.labels);
        slider?.addEventListener("input", () => {
          slider.setAttribute("aria-valuetext", row.querySelector("output").textContent = labels[slider.value]);
          slider.style.setProperty("--at", `${(100 * slider.value) / slider.max}%`);
          changed();
        });
        // A thumb that comes down on a slider and scrolls the page has moved it already: it goes back.
        slider?.addEventListener("pointerdown", () => { slider.before = slider.value; });
        slider?.addEventListener("pointercancel", () => {
          slider.value = slider.before;
          slider.dispatchEvent(new Event("input"));
        });
        for (const button of buttons) {
          button.addEventListener("click", () => {
            for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
            changed();
          });
        }
      },
    };
  });
  const at = (values) => values.reduce((index, value, k) => index * controls[k].size + value, 0);
  const position = () => controls.map((c) => c.get());
  const neighbours = (data) => whenIdle(() => position().forEach((value, k, values) => {
    for (const next of [value - 1, value + 1]) {
      if (next >= 0 && next < controls[k].size) picture(box, data, at(values.with(k, next)));
    }
  }));
  const said = box.querySelector("[aria-live]");
  let waiting;
  const show = async () => {
    const link = box.closest("figure")?.querySelector("figcaption a");
    if (link) link.hash = `${link.hash.split("=")[0]}=${position().join()}`;
    const data = await loaded(box);
    const index = at(position());
    const img = picture(box, data, index);
    if (!img.complete) await img.decode().catch(() => {});
    if (index !== at(position())) return; // moved on meanwhile
    box.querySelector("img.lesson-figure").replaceWith(img);
    clearTimeout(waiting); // a key held down shall not be read out frame by frame
    waiting = setTimeout(() => { said.textContent = img.alt; }, 150);
    neighbours(data);
  };
  controls.forEach((c) => c.listen(show));
  box.goTo = (values) => values.forEach((value, k) => controls[k]?.set(value));
  return () => loaded(box).then(neighbours);
}

document.addEventListener("DOMContentLoaded", () => {
  const boxes = document.querySelectorAll(".explore");
  for (const box of boxes) box.prepare = control(box);
  whenNear(boxes, (box) => box.prepare());
});

// A figure's address keeps the place of its controls: #fig-4-2=3,0.
function goToFigure() {
  const [, name, places] = location.hash.match(/^#(fig-[\w-]+)=([\d,]+)$/) ?? [];
  const figure = name && document.getElementById(name);
  if (!figure) return;
  figure.dispatchEvent(new Event("reveal", { bubbles: true }));
  figure.querySelector(".explore")?.goTo(places.split(",").map(Number));
  figure.scrollIntoView();
}
document.addEventListener("DOMContentLoaded", goToFigure);
window.addEventListener("hashchange", goToFigure);

// A figure as a picture of its own, with what it is and where it comes from.
async function savePicture(figure) {
  const img = figure.querySelector("img.lesson-figure");
  const link = figure.querySelector("figcaption a");
  const scale = 2;
  const width = Number(img.getAttribute("width"));
  const height = Number(img.getAttribute("height"));
  const canvas = Object.assign(document.createElement("canvas"), { width: scale * width, height: scale * (height + 44) });
  const drawing = canvas.getContext("2d");
  drawing.scale(scale, scale);
  drawing.fillStyle = "#fff";
  drawing.fillRect(0, 0, width, height + 44);
  drawing.drawImage(img, 0, 0, width, height);
  drawing.fillStyle = "#333";
  drawing.font = "13px system-ui, sans-serif";
  drawing.fillText(`${link.textContent} · ${document.title}`, 8, height + 18, width - 16);
  drawing.fillText(link.href, 8, height + 36, width - 16);
  const blob = await new Promise((done) => canvas.toBlob(done));
  courseMemory.save(`${figure.id}.png`, blob);
}
document.addEventListener("click", ({ target }) => {
  if (target.matches?.(".figure-save")) savePicture(target.closest("figure"));
});

function set(element, name, value) {
  if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// Who chose a section in a page's contents on a phone wants to read it, not to put the menu away first.
document.addEventListener("click", ({ target }) => {
  target.closest?.("dialog[open] a[href^='#']")?.closest("dialog").close();
});

// What the search quotes of a page are its words, not the menus around them; and it has no "categories".
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const extra of page.querySelectorAll("script, style, .headerlink, .linenos, .take-away")) extra.remove();
    const part = anchor && page.getElementById(anchor.slice(1));
    return (part || page.querySelector(".bd-article"))?.textContent ?? "";
  };
  const nothing = "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories.";
  Documentation.TRANSLATIONS[nothing] = "Nothing found. Is every word spelled as it should be? Fewer words find more.";
});

// The search fetches pages to quote from them, which a page opened from a folder may not.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
// Repairs of the theme (sphinx-book-theme 1.3.0), found by axe-core or by walking the pages by keyboard.
document.addEventListener("DOMContentLoaded", () => {
  const every = (selector, repair) => document.querySelectorAll(selector).forEach(repair);
  // What a control shows is its name; its icon is none.
  every(".search-button-field, summary[aria-label='Toggle hidden content']", (e) => e.removeAttribute("aria-label"));
  every("button.toggle-button", (button) => set(button, "aria-label", button.parentElement.textContent.trim()));
  every(":is(i, span)[class*='fa-']", (icon) => set(icon, "aria-hidden", "true"));
  // Menus and their buttons are called by what they hold, not by where the theme puts them.
  const called = (selector, name) => every(selector, (e) => {
    set(e, "aria-label", name);
    if (e.matches("button")) set(e, "data-bs-original-title", name); // what its tooltip shows
  });
  called(".primary-toggle, #pst-primary-sidebar-modal", "Site menu");
  called(".secondary-toggle, #pst-secondary-sidebar-modal", "Contents of this page");
  called("#pst-search-dialog", "Search");
  every(".bd-docs-nav a.current", (link) => set(link, "aria-current", "page"));
  // The theme takes the focus from these when they are pressed, so that tooltips go. A keyboard needs it back.
  every(".theme-switch-button, .search-button, .primary-toggle, .secondary-toggle", (button) => {
    button.blur = () => { if (!button.matches(":focus-visible")) HTMLElement.prototype.blur.call(button); };
  });
  // The contents stand beside the text, but after it: another link at the top leads there.
  if (document.getElementById("pst-page-toc-nav")) {
    const link = Object.assign(document.createElement("a"), { href: "#pst-page-toc-nav", textContent: "Skip to the contents of this page" });
    every(".skip-link", (bar) => bar.append(" ", link));
  }
  // The search page means to put the focus into its field, but finds that of the closed dialog.
  every(".bd-search-container input", (field) => field.focus());
  // Sphinx writes roles that have gone out of use, and a list without items.
  document.querySelectorAll(".citation[role], .citation-list[role]").forEach((entry) => entry.removeAttribute("role"));
  // What scrolls sideways must be reachable by keyboard, and say what it is.
  const wide = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    if (target.scrollWidth <= target.clientWidth) return;
    target.tabIndex = 0;
    set(target, "role", "group");
    const kind = target.matches("pre") ? (target.closest(".cell_output") ? "Output" : "Code")
      : target.matches("div.math") ? "Formula" : "Table";
    set(target, "aria-label", `${kind}, scrolls sideways`);
  }));
  every(".bd-article :is(pre, div.math, .pst-scrollable-table-container)", (box) => wide.observe(box));
  const sidebar = document.getElementById("pst-primary-sidebar");
  if (sidebar && !sidebar.getAttribute("role")) {
    sidebar.setAttribute("role", "complementary");
    sidebar.setAttribute("aria-label", "Site navigation");
  }
});

// Who walks by Tab needs the whole page laid out (see course.css): a stop is scrolled to at once, and what then grew
// above it would push it out of view again.
window.addEventListener("keydown", ({ key }) => { if (key === "Tab") delete document.documentElement.dataset.fresh; });

// Who jumps within a page goes on from there: past the row of buttons, and also out of a dialog, which would put the
// focus back on the button that had opened it.
window.addEventListener("hashchange", () => {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const start = place?.querySelector(":is(h1, h2, h3):not(.onlyprint *)") ?? place;
  if (!start) return;
  if (!start.matches("a, button, input")) start.tabIndex = -1;
  start.focus({ preventScroll: true });
});

// What a press of a button or a search did is said to who cannot see it.
document.addEventListener("DOMContentLoaded", () => {
  const status = Object.assign(document.createElement("div"), { className: "visually-hidden" });
  set(status, "role", "status");
  document.body.append(status);
  const say = (text) => {
    status.textContent = "";
    setTimeout(() => { status.textContent = text; }, 100); // the same words again are a change, too
  };
  const mode = (button) => set(button, "aria-label", `Color mode: ${document.documentElement.dataset.mode}`);
  const theme = document.querySelector(".theme-switch-button");
  if (theme) mode(theme);
  // On a wide screen the button of the site menu hides the sidebar, on a narrow one it opens a dialog.
  const sidebar = document.getElementById("pst-primary-sidebar");
  const toggle = document.querySelector(".primary-toggle");
  const room = matchMedia("(min-width: 992px)");
  const shown = () => set(toggle, "aria-expanded", String(room.matches && !sidebar.classList.contains("pst-sidebar-hidden")));
  if (sidebar && toggle) {
    shown();
    room.addEventListener("change", shown);
    new MutationObserver(shown).observe(sidebar, { attributeFilter: ["class"] });
  }
  const results = document.getElementById("search-results");
  if (results) {
    new MutationObserver((_, observer) => {
      const summary = results.querySelector(".search-summary")?.textContent.trim();
      if (!summary) return;
      observer.disconnect();
      say(summary);
    }).observe(results, { childList: true, subtree: true });
  }
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.matches(".copybtn")) {
      button.focus(); // the copying script leaves it nowhere
      say(button.dataset.tooltip);
    } else if (button && button === theme) {
      mode(button);
      say(button.ariaLabel);
    }
  });
});

// The whole ledger can be read one verdict at a time. The words in its Verdict column are the choices.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.ledger")) {
    const heads = [...table.querySelectorAll("th")].map((th) => th.textContent.trim());
    const column = heads.indexOf("Verdict");
    const rows = [...table.tBodies[0]?.rows ?? []];
    if (column < 0 || !heads.includes("Chapter")) continue;
    const verdict = (row) => row.cells[column].textContent.trim();
    const choices = ["all", ...new Set(rows.map(verdict))];
    const bar = Object.assign(document.createElement("div"), { className: "verdict-filter" });
    set(bar, "role", "group");
    set(bar, "aria-label", "Show the claims that are");
    const buttons = choices.map((choice) => {
      const shown = rows.filter((row) => choice === "all" || verdict(row) === choice);
      const button = Object.assign(document.createElement("button"),
        { type: "button", textContent: `${choice} (${shown.length})`,
          className: choice === "all" ? "" : shown[0].querySelector(".verdict-sign").className });
      button.addEventListener("click", () => {
        for (const row of rows) row.hidden = !shown.includes(row);
        for (const other of buttons) set(other, "aria-pressed", String(other === button));
      });
      return button;
    });
    bar.append(...buttons);
    (table.closest(".pst-scrollable-table-container") ?? table).before(bar);
    buttons[0].click();
  }
});

// Paper is white and cannot unfold: a page is printed light, with all its pictures and hints.
// Folded code stays folded: it is for who runs it.
const hints = () => document.querySelectorAll(".bd-article details:not(.hide)");
window.addEventListener("beforeprint", () => {
  const { dataset } = document.documentElement;
  dataset.themeOnScreen = dataset.theme;
  dataset.theme = "light";
  document.querySelectorAll("img[loading]").forEach((img) => { img.loading = "eager"; });
  for (const hint of hints()) {
    hint.dataset.openOnScreen = String(hint.open);
    hint.open = true;
  }
});
window.addEventListener("afterprint", () => {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.themeOnScreen;
  delete dataset.themeOnScreen;
  for (const hint of hints()) {
    if (hint.dataset.openOnScreen) hint.open = hint.dataset.openOnScreen === "true";
    delete hint.dataset.openOnScreen;
  }
});

// What the theme's buttons do; see page_policy.py.
document.addEventListener("click", ({ target }) => {
  const action = target.closest?.("[data-click]")?.dataset.click;
  if (action === "window.print()") window.print();
  if (action === "toggleFullScreen()") window.toggleFullScreen();
});
