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

// Repairs of the theme (sphinx-book-theme 1.3.0), each found by axe-core.
document.addEventListener("DOMContentLoaded", () => {
  // the button's visible text is its name
  document.querySelectorAll(".search-button-field").forEach((button) => button.removeAttribute("aria-label"));
  const sidebar = document.getElementById("pst-primary-sidebar");
  if (sidebar && !sidebar.getAttribute("role")) {
    sidebar.setAttribute("role", "complementary");
    sidebar.setAttribute("aria-label", "Site navigation");
  }
});
