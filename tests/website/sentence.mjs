// Types a sentence into the built page in Firefox, over WebDriver BiDi. usage: node sentence.mjs FIREFOX PAGE ROOT TEXT
// One line of JSON for each thing that was tried: {"what", "saw"}.

import puppeteer from "puppeteer-core";

const [executablePath, address, root, text] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
const page = await browser.newPage();
page.setDefaultTimeout(300_000);
const trouble = [];
page.on("pageerror", (error) => trouble.push(String(error)));
page.on("request", (request) => {
  if (![root, "data:"].some((start) => request.url().startsWith(start))) trouble.push(`asked ${request.url()}`);
});
const saw = (what, value) => console.log(JSON.stringify({ what, saw: value }));

await page.goto(address, { waitUntil: "load" });
const box = await page.waitForSelector(".sentence");
await box.scrollIntoView();
const field = await page.waitForSelector(".sentence textarea");

async function seen(length) {
  await page.waitForFunction((length) => document.querySelector(".sentence").seen?.read.length === length, {}, length);
  return page.evaluate(() => {
    const { read, nets } = document.querySelector(".sentence").seen;
    const plain = Object.entries(nets).map(([name, { probs, heads }]) =>
      [name, { probs: [...probs], heads: heads.flat().map((head) => [...head]) }]);
    return [read, Object.fromEntries(plain)];
  });
}

const whole = JSON.parse(text);
await field.evaluate((area) => { area.value = ""; });
await field.type(whole);
const read = [await seen(whole.length)];
await page.keyboard.press("ArrowLeft");
read.push(await seen(whole.length - 1));
await field.evaluate((area) => { area.setSelectionRange(0, 0); });
await page.keyboard.press("ArrowRight");
read.push(await seen(1));
saw("read", read);

await page.evaluate(() => document.querySelector(".sentence-actions button").click());
await page.waitForFunction(() => document.querySelector(".sentence [aria-live]").textContent.startsWith("Written."));
saw("wrote", await page.$$eval(".sentence-count", (counts) => counts.every((count) => /400 characters, [\d,]+ µs each/.test(count.textContent))));
saw("trouble", trouble);
await browser.close();
