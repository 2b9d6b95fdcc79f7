// Typesets formulas with MathJax: a list of [TeX, is it displayed] on standard input, as JSON; on
// standard output a list of the HTML of each. `page_math.py` starts it.
import { readFileSync } from "node:fs";
import mathjax from "mathjax";

const MathJax = await mathjax.init({
  loader: { load: ["input/tex-full", "output/svg"] },
  svg: { fontCache: "none" },
  startup: { typeset: false },
});
const { adaptor } = MathJax.startup;
const made = JSON.parse(readFileSync(0, "utf8")).map(([tex, display]) => {
  const svg = adaptor.innerHTML(MathJax.tex2svg(tex, { display }));
  if (svg.includes("data-mjx-error")) throw new Error(`${tex}: ${svg.match(/data-mjx-error="([^"]*)"/)[1]}`);
  return [svg, MathJax.tex2mml(tex, { display })];
});
console.log(JSON.stringify(made));
