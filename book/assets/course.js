// What the published page needs beside the theme: its sliders, and repairs.

// What `explore` shows in the published page. The frames of a figure are one file, fetched when the figure
// comes near the view; a move swaps the picture for another, decoded one.
const NEAR = "800px";

function loaded(box) {
  box.loaded ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.onload = () => resolve(script.data);
    script.onerror = () => { box.loaded = undefined; reject(new Error(`${script.src} did not come`)); };
    script.src = box.dataset.frames;
    document.head.append(script);
  });
  return box.loaded;
}

// One image for each frame that was looked at or is next to one that was.
function picture(box, { glyphs, frames }, index) {
  const [alt, svg] = frames[index];
  const first = box.querySelector("img.lesson-figure");
  box.pictures ??= new Map();
  if (!box.pictures.has(index)) {
    const img = new Image(first.width, first.height);
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
      get: () => slider ? Number(slider.value) : buttons.findIndex((b) => b.getAttribute("aria-pressed") === "true"),
      listen(changed) {
        const labels = slider && JSON.parse(slider.dataset.labels);
        slider?.addEventListener("input", () => {
          slider.setAttribute("aria-valuetext", row.querySelector("output").textContent = labels[slider.value]);
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
  return () => loaded(box).then(neighbours);
}

document.addEventListener("DOMContentLoaded", () => {
  const near = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach(({ target }) => {
    near.unobserve(target);
    target.prepare();
  }), { rootMargin: NEAR });
  for (const box of document.querySelectorAll(".explore")) {
    box.prepare = control(box);
    near.observe(box);
  }
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

// Repairs of the theme (sphinx-book-theme 1.3.0), each found by axe-core: what a control shows is its name.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".search-button-field, summary[aria-label='Toggle hidden content']")
    .forEach((control) => control.removeAttribute("aria-label"));
  // Sphinx writes roles that have gone out of use, and a list without items.
  document.querySelectorAll(".citation[role], .citation-list[role]").forEach((entry) => entry.removeAttribute("role"));
  // What scrolls sideways must be reachable by keyboard.
  const reach = () => document.querySelectorAll(".bd-article :is(table, div.math)").forEach((wide) => {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  });
  reach();
  window.addEventListener("load", reach);
  window.addEventListener("resize", reach);
  const sidebar = document.getElementById("pst-primary-sidebar");
  if (sidebar && !sidebar.getAttribute("role")) {
    sidebar.setAttribute("role", "complementary");
    sidebar.setAttribute("aria-label", "Site navigation");
  }
});

// The whole ledger can be read one verdict at a time. The words in its Verdict column are the choices.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".cell_output table")) {
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
        { type: "button", textContent: `${choice} (${shown.length})` });
      button.addEventListener("click", () => {
        for (const row of rows) row.hidden = !shown.includes(row);
        for (const other of buttons) set(other, "aria-pressed", String(other === button));
      });
      return button;
    });
    bar.append(...buttons);
    table.before(bar);
    buttons[0].click();
  }
});

// Paper is white: a page is printed light, with all its pictures, whatever the screen shows.
window.addEventListener("beforeprint", () => {
  const { dataset } = document.documentElement;
  dataset.themeOnScreen = dataset.theme;
  dataset.theme = "light";
  document.querySelectorAll("img[loading]").forEach((img) => { img.loading = "eager"; });
});
window.addEventListener("afterprint", () => {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.themeOnScreen;
  delete dataset.themeOnScreen;
});
