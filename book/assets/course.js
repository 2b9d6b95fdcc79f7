// What the published page needs beside the theme and the widgets' own script.

// Font Awesome would replace the <i> elements that widgets hold on to; let it draw inside them instead.
window.FontAwesomeConfig = { autoReplaceSvg: "nest" };

// The widgets typeset their labels with MathJax 2's interface.
document.addEventListener("DOMContentLoaded", () => {
  if (window.MathJax && !window.MathJax.Hub) window.MathJax.Hub = { Queue() {} };
});

// Sliders and buttons as a screen reader should meet them: named, with the value as it is shown, and the
// figure's own words read out when they change.
function describe(root) {
  for (const slider of root.querySelectorAll(".widget-slider")) {
    const handle = slider.querySelector(".noUi-handle");
    const label = slider.querySelector(".widget-label")?.textContent.trim();
    const readout = slider.querySelector(".widget-readout");
    if (!handle || !readout) continue;
    set(handle, "aria-label", label);
    set(handle, "aria-valuetext", readout.textContent);
    set(readout, "aria-hidden", "true"); // the handle says it already
  }
  for (const group of root.querySelectorAll(".widget-toggle-buttons")) {
    set(group, "role", "group");
    set(group, "aria-label", group.querySelector(".widget-label")?.textContent.trim());
    for (const button of group.querySelectorAll("button")) {
      set(button, "aria-pressed", String(button.classList.contains("mod-active")));
    }
  }
  for (const label of root.querySelectorAll(".widget-label[title='null']")) label.removeAttribute("title");
}

function set(element, name, value) {
  if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function announce(explore) {
  const said = explore.querySelector(":scope > .explore-said") ?? explore.appendChild(
    Object.assign(document.createElement("div"), { className: "explore-said visually-hidden" }));
  set(said, "aria-live", "polite");
  const shown = [...explore.querySelectorAll("img.lesson-figure")].find((img) => img.offsetParent);
  if (shown && said.textContent !== shown.alt) said.textContent = shown.alt;
}

window.addEventListener("load", () => {
  const main = document.querySelector("main");
  if (!main) return;
  let waiting = 0;
  new MutationObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      describe(main);
      main.querySelectorAll(".explore").forEach(announce);
    }, 120);
  }).observe(main, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "style"] });
  describe(main);
});

// Repairs of the theme (sphinx-book-theme 1.3.0), each found by axe-core: what a control shows is its name.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".search-button-field, summary[aria-label='Toggle hidden content']")
    .forEach((control) => control.removeAttribute("aria-label"));
  // Sphinx writes roles that have gone out of use, and a list without items.
  document.querySelectorAll(".citation[role], .citation-list[role]").forEach((entry) => entry.removeAttribute("role"));
  // What scrolls sideways must be reachable by keyboard.
  const reach = () => document.querySelectorAll(".bd-article table").forEach((table) => {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
  });
  reach();
  window.addEventListener("load", reach);
  window.addEventListener("resize", reach);
  const sidebar = document.getElementById("pst-primary-sidebar");
  if (sidebar && !sidebar.getAttribute("role")) {
    sidebar.setAttribute("role", "complementary");
    sidebar.setAttribute("aria-label", "Site navigation");
  }
  // Font Awesome draws its icons later, each with a title that contradicts the button's name.
  const untitle = () => document.querySelectorAll(".theme-switch-button svg").forEach((icon) => {
    icon.querySelector("title")?.remove();
    icon.removeAttribute("aria-labelledby");
    icon.setAttribute("aria-hidden", "true");
  });
  untitle();
  document.querySelectorAll(".theme-switch-button").forEach((button) =>
    new MutationObserver(untitle).observe(button, { childList: true, subtree: true }));
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
