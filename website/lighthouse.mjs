// Measures pages with Lighthouse in one browser: a list of [address, form, categories] as JSON on
// standard input, a line of JSON for each on standard output. `bench.py` starts it.
import { readFileSync } from "node:fs";
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const chromeFlags = ["--headless=new", "--no-sandbox", "--disable-background-networking", "--disable-component-update"];
const chrome = await launch({ chromeFlags });
for (const [address, form, onlyCategories] of JSON.parse(readFileSync(0, "utf8"))) {
  const options = { port: chrome.port, logLevel: "silent", onlyCategories, disableFullPageScreenshot: true };
  const { lhr } = await lighthouse(address, options, form === "desktop" ? desktopConfig : undefined);
  if (lhr.runtimeError) throw new Error(`${address}: ${lhr.runtimeError.message}`);
  const categories = Object.values(lhr.categories);
  const failed = categories.filter((c) => c.id !== "performance").flatMap((c) => c.auditRefs)
    .filter((ref) => ref.weight && (lhr.audits[ref.id].score ?? 1) < 1).map((ref) => ref.id);
  console.log(JSON.stringify({
    address, form, failed,
    scores: Object.fromEntries(categories.map((c) => [c.id, Math.round(c.score * 100)])),
    fcp: lhr.audits["first-contentful-paint"]?.numericValue,
    tbt: lhr.audits["total-blocking-time"]?.numericValue,
    bytes: lhr.audits["total-byte-weight"]?.numericValue,
  }));
}
await chrome.kill();
