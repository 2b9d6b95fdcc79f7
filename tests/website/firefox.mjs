// Walks the built site in Firefox, over WebDriver BiDi. usage: node firefox.mjs FIREFOX ADDRESS
// One line of JSON for each thing that was tried: {"what", "saw"}.

import puppeteer from "puppeteer-core";

const [executablePath, root] = process.argv.slice(2);
const PATIENCE = 300_000;
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
const page = await browser.newPage();
page.setDefaultTimeout(PATIENCE);
await page.setViewport({ width: 1280, height: 900 });
const trouble = [];
page.on("pageerror", (error) => trouble.push(String(error)));
page.on("request", (request) => {
  const ours = [root, "data:", "blob:"].some((start) => request.url().startsWith(start));
  if (!ours) trouble.push(`asked ${request.url()}`);
});
const saw = (what, value) => console.log(JSON.stringify({ what, saw: value }));
const text = (selector) => page.$eval(selector, (element) => element.innerText.trim());
const press = (place, label) => page.evaluate((place, label) => {
  [...document.querySelectorAll(`${place} button`)].find((b) => b.textContent === label).click();
}, place, label);

// ---- an answer waits for a guess, which is compared with it ----
const shown = (selector) => page.$$eval(selector, (parts) => parts.map((part) => part.getClientRects().length > 0));
await page.goto(`${root}/book/refresher.html`, { waitUntil: "load" });
await page.waitForSelector(".predict .choices button");
const waiting = await shown(".after-guess, .answer p:not(.admonition-title)");
await page.$eval(".predict .choices button", (button) => button.focus());
await page.keyboard.press("Enter");
saw("guess", { waiting, said: await text(".predict .guess-said"), open: await shown(".answer p:not(.admonition-title)") });
await page.$eval("[role=switch]", (box) => box.click());
saw("everything", await shown(".after-guess, .answer p:not(.admonition-title)"));

// ---- a slider answers to the keyboard, on another page where everything is shown, too ----
await page.goto(`${root}/book/memory.html`, { waitUntil: "load" });
const slider = await page.waitForSelector(".explore input[type=range]");
await slider.scrollIntoView();
const alt = () => page.$eval(".explore:has(input[type=range]) img.lesson-figure", (img) => img.alt);
const before = await alt();
await slider.focus();
await page.keyboard.press("Home");
await page.keyboard.press("ArrowRight");
await page.waitForFunction((before) => document.querySelector(".explore:has(input[type=range]) img.lesson-figure").alt !== before, {}, before);
saw("slider", (await alt()) !== before);

// ---- an answer unfolds ----
saw("fold", await page.evaluate(async () => {
  const box = document.querySelector(".admonition.dropdown");
  const button = box.querySelector("button, .admonition-title");
  const hidden = () => getComputedStyle([...box.children].find((c) => !c.matches(".admonition-title, button"))).visibility;
  const [closed] = [hidden()];
  button.click();
  await new Promise((done) => setTimeout(done, 500));
  return { closed: closed !== "visible" || box.classList.contains("toggle-hidden"), open: !box.classList.contains("toggle-hidden") };
}));

// ---- light and dark ----
const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
const light = await theme();
for (let i = 0; i < 3 && (await theme()) === light; i++) await page.click(".theme-switch-button");
saw("theme", (await theme()) !== light);

// ---- search ----
await page.goto(`${root}/search.html?q=saturate`, { waitUntil: "load" });
await page.waitForSelector("#search-results li a");
saw("search", await page.$$eval("#search-results li a", (links) => links.length > 0));

// ---- an exercise: wrong, named, mended ----
const place = '.practice[data-function="rnn_cell"]';
await page.goto(`${root}/exercises/rnn/rnn.html`, { waitUntil: "load" });
await page.waitForSelector(`${place} button`);
await press(place, "Write your answer");
await page.waitForSelector(`${place} .cm-content`);
async function tried(body) {
  await page.click(`${place} .cm-content`);
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(`def rnn_cell(x, h, W_xh, W_hh, b): return ${body}`);
  await press(place, "Run the tests");
  await page.waitForFunction((place) => /pass|stopped|run yet/.test(document.querySelector(`${place} [role=status]`).innerText)
    && document.querySelector(`${place} .practice-tests`), {}, place);
  return text(`${place} [role=status]`);
}
saw("wrong", [await tried("np.tanh(x @ W_xh + b)"), await text(`${place} .practice-why`)]);
saw("right", await tried("np.tanh(x @ W_xh + h @ W_hh + b)"));
saw("trouble", trouble);
await browser.close();
