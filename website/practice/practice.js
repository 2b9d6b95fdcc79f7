// Exercises that are solved in the page: an editor under each statement, the notebook's own tests, their sentences.
// Nothing is fetched before it is asked for, and nothing leaves the page. What runs here is practice; marks are given
// to the notebook that is handed in.

(() => {
  const here = new URL("./", document.currentScript.src);
  const python = document.currentScript.dataset.python; // MB on the wire, or nothing where Python could not be had
  const FIGURES = ["rnn_cell", "scaled_dot_product_attention"]; // those of figures.py
  const LIMIT = 10_000; // ms that a run may take once Python is there

  const { make, save } = courseMemory;

  // ---- the notebook, as it was released ----------------------------------------------------------------------------
  let notebook;
  const download = document.querySelector(".take-away a[download]");
  const loadNotebook = () => notebook ??= fetch(download.href).then((answer) => {
    if (!answer.ok) throw new Error(`the notebook did not come (${answer.status})`);
    return answer.json();
  });
  const about = (cell) => cell.metadata.nbgrader ?? {};
  const source = (cell) => [cell.source].flat().join("");
  const isAnswer = (cell) => cell.cell_type === "code" && about(cell).solution && !about(cell).grade;
  const isTest = (cell) => cell.cell_type === "code" && about(cell).grade && !about(cell).solution;
  const claim = (cell) => source(cell).split("\n")[0].replace(/^# \d+ points? · /, "");
  const isHidden = (cell) => claim(cell).startsWith("hidden:");
  const assignment = download?.getAttribute("href").split("/").at(-2);

  // ---- Python ------------------------------------------------------------------------------------------------------
  // One worker for the page. `ask` resolves with what it answered, or rejects with a sentence for the learner.
  const runtime = {
    worker: null,
    ready: false,
    job: null,

    start() {
      this.ready = false;
      this.worker = new Worker(new URL("worker.js", here), { type: "module" });
      this.worker.onmessage = ({ data }) => this.heard(data);
      this.worker.onerror = () => this.heard({ failed: "its worker did not start" });
    },

    heard(data) {
      const job = this.job;
      if (data.part !== undefined) job?.fetched(data.part);
      if (data.ready) {
        this.ready = true;
        if (job) this.clock(job);
      }
      if (data.event) job?.told(data.event);
      if (data.done) this.finish(() => job.resolve(data.done));
      if (data.failed) this.end(`Python could not be started: ${data.failed}. Is there a network? The notebook runs elsewhere, too: download it above.`);
    },

    ask(message, { fetched, told }) {
      if (this.job) return Promise.reject(new Error("Another run is under way."));
      return new Promise((resolve, reject) => {
        this.job = { resolve, reject, fetched, told };
        if (!this.worker) this.start();
        if (this.ready) this.clock(this.job);
        this.worker.postMessage(message);
      });
    },

    clock(job) {
      job.fetched(1, true);
      job.timer = setTimeout(() => {
        this.end(`It was stopped after ${LIMIT / 1000} seconds: it did not end. Is there a loop whose condition never becomes false?`);
      }, LIMIT);
    },

    finish(done) {
      clearTimeout(this.job?.timer);
      this.job &&= void done();
    },

    /** End the worker; the next run starts a fresh one. */
    end(sentence) {
      this.worker?.terminate();
      this.worker = null;
      const job = this.job;
      this.finish(() => job.reject(new Error(sentence)));
    },
  };

  // ---- one answer --------------------------------------------------------------------------------------------------
  class Answer {
    constructor(place) {
      this.place = place;
      this.name = place.dataset.function;
      this.key = `${assignment}/${this.name}`;
      this.still = place.previousElementSibling; // the cell as it stands in the page
      this.build();
      if (courseMemory.load().answers[this.key] !== undefined) this.edit();
    }

    build() {
      const button = (text, action, more = {}) => make("button", { type: "button", textContent: text, onclick: action, ...more });
      this.buttons = {
        edit: button("Write your answer", () => this.edit(true), { className: "practice-first" }),
        run: button("Run the tests", () => this.run(), { title: "Ctrl-Enter in the editor" }),
        stop: button("Stop", () => runtime.end("You stopped it."), { hidden: true }),
        watch: button("Watch it run", () => this.watch()),
        ask: button("Copy my question", () => this.copyQuestion()),
        reset: button("Start over", () => this.reset(), { hidden: true }),
      };
      this.box = make("div", { className: "practice-editor", hidden: true });
      this.progress = make("progress", { max: 1, value: 0 });
      this.fetching = make("p", { className: "practice-progress", hidden: true }, make("span"), this.progress);
      this.status = make("p", { className: "practice-status" });
      this.status.setAttribute("role", "status");
      this.results = make("div", { className: "practice-results" });
      const row = make("div", { className: "practice-actions" }, ...Object.values(this.buttons));
      this.place.append(this.box, row, this.fetching, this.status, this.results);
      this.place.setAttribute("role", "group");
      this.place.setAttribute("aria-label", `Your answer: ${this.name}`);
      this.place.hidden = false;
    }

    /** The learner's text: in the editor, remembered, or as released. */
    async text() {
      if (this.editor) return this.editor.get();
      const cells = (await loadNotebook()).cells;
      return courseMemory.load().answers[this.key] ?? source(cells.find((c) => about(c).grade_id === this.name));
    }

    edit(focus = false) {
      this.opening ??= Promise.all([import(new URL("editor.js", here)), this.text()]).then(([{ createEditor }, text]) => {
        this.box.hidden = false;
        this.editor = createEditor(this.box, {
          text,
          label: `Your answer: ${this.name}. Escape, then Tab, leaves the editor; Control-Enter runs the tests.`,
          changed: (now) => this.keep(now),
          run: () => this.run(),
        });
        this.still.hidden = true;
        this.buttons.edit.hidden = true;
        this.buttons.reset.hidden = false;
      });
      return this.opening.then(
        () => focus && this.editor.focus(),
        (error) => {
          this.opening = undefined;
          this.say(`The editor did not come: ${error.message}. Is there a network?`);
        },
      );
    }

    keep(text) {
      const kept = courseMemory.change((data) => { data.answers[this.key] = text; });
      if (!kept) this.say("This browser keeps nothing, so your answer lasts as long as this page. Download your notebook before you leave.");
    }

    async reset() {
      if (!confirm(`Throw away your answer to ${this.name} and start from the released cell?`)) return;
      const cells = (await loadNotebook()).cells;
      this.editor.set(source(cells.find((c) => about(c).grade_id === this.name)));
      courseMemory.change((data) => {
        delete data.answers[this.key];
        delete data.passed[this.key];
      });
      this.results.replaceChildren();
      this.say("");
      this.editor.focus();
    }

    say(sentence) {
      this.status.textContent = sentence;
    }

    busy(on) {
      for (const [name, button] of Object.entries(this.buttons)) button.disabled = on && name !== "stop";
      this.buttons.stop.hidden = !on;
      this.fetching.hidden = true;
    }

    /** What runs before the tests of this function: imports, checks, all answers so far. */
    async cells() {
      const all = (await loadNotebook()).cells.filter((cell) => cell.cell_type === "code");
      const until = all.findIndex((cell) => about(cell).grade_id === this.name);
      const before = all.slice(0, until + 1).filter((cell) => !isTest(cell));
      const tests = all.filter((cell, i) => i > until && isTest(cell));
      const next = all.findIndex((cell, i) => i > until && isAnswer(cell));
      const own = next < 0 ? tests : tests.filter((cell) => all.indexOf(cell) < next);
      const texts = await Promise.all(before.map((cell) => {
        const answer = answers.find((one) => one.name === about(cell).grade_id);
        return answer ? answer.text() : source(cell);
      }));
      return {
        before: before.map((cell, i) => ({
          id: about(cell).grade_id ?? `cell-${i}`,
          kind: isAnswer(cell) ? "answer" : "setup",
          source: texts[i],
        })),
        tests: own,
      };
    }

    fetched(part, done) {
      const [words] = this.fetching.children;
      this.fetching.hidden = Boolean(done);
      if (done) return this.say("Running …");
      this.progress.value = part;
      const text = part < 1 ? `Fetching Python, ${python} MB, once` : "Starting Python …";
      if (words.textContent !== text) {
        words.textContent = text;
        this.say(text);
      }
    }

    async ask(message, { told = () => {}, quietly = false } = {}) {
      this.busy(true);
      const fetched = quietly ? () => {} : (part, done) => this.fetched(part, done);
      if (!runtime.ready || !runtime.worker) fetched(0);
      try {
        return await runtime.ask(message, { fetched, told });
      } finally {
        this.busy(false);
      }
    }

    async run() {
      if (runtime.job) return;
      this.editor?.mark(0);
      this.results.replaceChildren();
      const events = new Map();
      let current = "";
      try {
        const { before, tests } = await this.cells();
        const visible = tests.filter((cell) => !isHidden(cell));
        const sent = visible.map((cell) => ({ id: about(cell).grade_id, kind: "test", source: source(cell) }));
        await this.ask({ cells: [...before, ...sent] }, {
          told(event) {
            if (event.began) current = event.id;
            else events.set(event.id, event);
          },
        });
        this.show(events, tests, visible);
      } catch (error) {
        const where = current && current !== this.name ? ` (while “${current}” ran)` : "";
        this.say(error.message + where);
        this.printed(events);
      }
    }

    show(events, tests, visible) {
      const own = events.get(this.name);
      if (!own.ok) {
        this.say("Your cell does not run yet, so none of its tests could.");
        this.results.append(this.message(own));
        this.point(own);
        return;
      }
      const hidden = tests.filter(isHidden);
      const points = (cells) => cells.reduce((sum, cell) => sum + about(cell).points, 0);
      const passing = visible.filter((cell) => events.get(about(cell).grade_id).ok);
      const all = passing.length === visible.length;
      const failed = visible.map((cell) => events.get(about(cell).grade_id)).find((event) => !event.ok);
      this.say(all ? `All ${visible.length} tests pass.` : `${passing.length} of ${visible.length} tests pass. Mend the first red one first.`);
      const list = make("ol", { className: "practice-tests" });
      for (const cell of visible) list.append(this.test(cell, events.get(about(cell).grade_id)));
      this.results.append(list, make("p", {
        className: "practice-points",
        textContent: `Practice: ${points(passing)} of ${points(visible)} points by the tests that you see. `
          + (hidden.length ? `${hidden.length} hidden tests (${points(hidden)} points) follow when your notebook is graded; only that counts.` : "What counts is the notebook that you hand in."),
      }));
      this.printed(events);
      if (failed) this.point(failed);
      courseMemory.change((data) => {
        for (const one of answers) data.passed[one.key] ??= false;
        data.passed[this.key] = all;
      });
      if (all && FIGURES.includes(this.name)) this.drawFigure();
    }

    test(cell, event) {
      const { points } = about(cell);
      const item = make("li", { className: event.ok ? "practice-pass" : "practice-fail" });
      item.append(
        make("span", { className: "practice-sign", textContent: event.ok ? "✓ passes: " : "✗ fails: " }),
        make("span", { textContent: `${claim(cell)} · ${points} ${points === 1 ? "point" : "points"}` }),
      );
      if (!event.ok) item.append(this.message(event));
      return item;
    }

    message(event) {
      const [fault, ...why] = event.error.split("→");
      const box = make("div", { className: "practice-message" }, make("pre", { textContent: fault.trim() }));
      for (const sentence of why) box.append(make("p", { className: "practice-why", textContent: sentence.trim() }));
      if (event.line && event.cell) {
        const whose = event.cell === this.name ? "your code" : event.cell;
        box.append(make("p", { className: "practice-where", textContent: `Line ${event.line} of ${whose}.` }));
      }
      return box;
    }

    /** Mark the line of an error in the editor that it stands in. */
    point({ line, cell }) {
      const answer = line && answers.find((one) => one.name === cell);
      if (answer) answer.edit().then(() => answer.editor?.mark(line));
    }

    printed(events) {
      const text = [...events.values()].map((event) => event.printed).join("");
      if (!text) return;
      this.results.append(make("p", { textContent: "Printed:" }), make("pre", { className: "practice-printed", textContent: text }));
    }

    // ---- your function draws a figure ----
    async drawFigure() {
      const { before } = await this.cells();
      const message = { cells: before, function: this.name, file: `figure-${this.name}.npz` };
      const figure = await this.ask(message, { quietly: true }).catch((error) => ({ error: error.message }));
      if (figure.error) this.results.append(make("p", { textContent: `Your function could not draw its figure: ${figure.error}` }));
      else this.results.append(heatmap(figure));
    }

    // ---- watch it run ----
    async watch() {
      if (runtime.job) return;
      this.results.replaceChildren();
      try {
        const { before, tests } = await this.cells();
        const example = tests.find((cell) => about(cell).grade_id === `${this.name}-example`) ?? tests.find((cell) => !isHidden(cell));
        const last = { id: about(example).grade_id, kind: "test", source: source(example) };
        const shapes = shapesOf((await loadNotebook()).cells, this.name, await this.text());
        const traced = await this.ask({ cells: [...before, last], function: this.name, shapes });
        this.showTrace(traced, claim(example), (await this.text()).split("\n"));
      } catch (error) {
        this.say(error.message);
      }
    }

    showTrace({ steps, error, more }, example, lines) {
      if (!steps.length) return this.say(`Nothing to watch: ${error || `the test never calls ${this.name}`}`);
      this.say(`${this.name}, line by line, on “${example}”${error ? `: it ended with ${error}` : ""}`);
      const table = make("table", { className: "practice-trace" });
      table.append(make("caption", { textContent: `What each line of ${this.name} did` }));
      const head = table.createTHead().insertRow();
      for (const title of ["line", "code", "what changed"]) head.append(make("th", { scope: "col", textContent: title }));
      const body = table.createTBody();
      steps.forEach((step, i) => {
        const row = body.insertRow();
        row.className = step.odd ? "practice-odd" : "";
        row.append(make("th", { scope: "row", textContent: step.line }));
        row.insertCell().append(make("code", { textContent: i ? lines[step.line - 1]?.trim() ?? "" : "called with" }));
        const cell = row.insertCell();
        for (const { name, kind, shape, values } of step.changed) {
          const title = name === "return" ? "returns" : name;
          cell.append(make("details", {}, make("summary", { textContent: `${title} ${shape} ${kind}` }), make("pre", { textContent: values })));
        }
        if (step.odd) cell.append(make("p", { className: "practice-why", textContent: step.odd }));
      });
      this.results.append(make("div", { className: "practice-scroll", tabIndex: 0 }, table));
      if (more) this.results.append(make("p", { textContent: `… and ${more} more lines.` }));
    }

    // ---- ask well ----
    async copyQuestion() {
      const { cells } = await loadNotebook();
      const at = cells.findIndex((cell) => about(cell).grade_id === this.name);
      const statement = cells.slice(0, at).reverse().find((cell) => source(cell).startsWith("## "));
      const failed = this.results.querySelector(".practice-fail, .practice-message");
      const text = [
        `I am working on the exercise \`${this.name}\` of a course on RNNs and transformers (${location.href.split("#")[0]}).`,
        `The task:\n\n${source(statement)}`,
        `My code:\n\n\`\`\`python\n${await this.text()}\n\`\`\``,
        failed ? `The first test that fails:\n\n${failed.innerText.trim()}` : "I have not run the tests yet.",
        "Please give me one hint about where to look. Do not write the answer: I want to find it myself.",
      ].join("\n\n");
      try {
        await navigator.clipboard.writeText(text);
        this.say("Copied: the task, your code and the failing test. Paste it where you ask.");
      } catch {
        const field = make("textarea", { value: text, rows: 12, readOnly: true, className: "practice-question" });
        field.setAttribute("aria-label", "Your question, to copy");
        this.results.replaceChildren(field);
        field.select();
        this.say("Your browser let nothing be copied; the question stands below.");
      }
    }
  }

  /** A figure of numbers in [-1, 1], as SVG: one colour above zero, another below, as strong as the number is large. */
  function heatmap({ rows, columns, values, below, caption }) {
    const SIZE = 16;
    const LEFT = Math.max(...rows.map((row) => row.length)) * 7 + 8;
    const element = (tag, attributes, text) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      if (text !== undefined) made.textContent = text === " " ? "␣" : text;
      return made;
    };
    const width = LEFT + columns.length * SIZE;
    const height = (rows.length + 2 + (below.length ? 1 : 0)) * SIZE;
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": caption, class: "practice-heatmap" });
    const letters = (texts, y, what) => texts.forEach((text, j) => {
      svg.append(element("text", { x: LEFT + (j + 0.5) * SIZE, y, "text-anchor": "middle", class: what }, text));
    });
    letters(columns, SIZE - 4, "");
    values.forEach((row, i) => {
      const y = (i + 1) * SIZE;
      svg.append(element("text", { x: LEFT - 6, y: y + SIZE - 4, "text-anchor": "end" }, rows[i]));
      row.forEach((value, j) => svg.append(element("rect", {
        x: LEFT + j * SIZE, y, width: SIZE - 1, height: SIZE - 1,
        class: value < 0 ? "practice-below" : "practice-above", "fill-opacity": Math.min(1, Math.abs(value)),
      })));
    });
    if (below.length) letters(below, (rows.length + 2) * SIZE - 4, "practice-next");
    return make("figure", { className: "practice-figure" }, svg, make("figcaption", { textContent: caption }));
  }

  /** What the statement says of arrays by name: from its tables, and of the result from the function's first words. */
  function shapesOf(cells, name, text) {
    const shapes = {};
    const codes = (part) => [...part.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
    const at = cells.findIndex((cell) => about(cell).grade_id === name);
    for (const row of cells.slice(0, at).filter((c) => c.cell_type === "markdown").flatMap((c) => source(c).split("\n"))) {
      if (!row.startsWith("|")) continue;
      const [first, ...rest] = row.split("|").slice(1, -1);
      const names = first.trim().startsWith("result") ? ["return"] : codes(first).filter((code) => /^\w+$/.test(code));
      const forms = rest.flatMap(codes).filter((code) => /^\([\w ,]+\)$/.test(code));
      if (names.length > 1 && names.length === forms.length) names.forEach((n, i) => { shapes[n] = [forms[i]]; });
      else if (names.length === 1 && forms.length) shapes[names[0]] = forms;
    }
    const letters = new Set(Object.values(shapes).flat().flatMap((form) => form.match(/\w+/g)));
    const said = text.match(/"""([^]*?)"""/)?.[1] ?? "";
    const results = [...said.matchAll(/(\w+ )?(\([\w ,]+\))/g)]
      .filter(([, word, form]) => form.includes(",") && form.match(/\w+/g).every((l) => letters.has(l)) && !((word ?? "").trim() in shapes))
      .map((match) => match[2]);
    if (results.length) shapes.return = results;
    return shapes;
  }

  // ---- the whole notebook ------------------------------------------------------------------------------------------
  function toolbar(place) {
    const status = make("p", { className: "practice-status" });
    status.setAttribute("role", "status");
    const file = make("input", { type: "file", accept: ".ipynb", hidden: true });
    file.onchange = () => openNotebook(file.files[0]).then((words) => { status.textContent = words; }, (error) => {
      status.textContent = `This file was not opened: ${error.message}`;
    }).finally(() => { file.value = ""; });
    place.append(
      make("button", { type: "button", textContent: "Download my notebook", onclick: () => saveNotebook().then((words) => { status.textContent = words; }) }),
      make("button", { type: "button", textContent: "Open my notebook", onclick: () => file.click() }),
      file,
      status,
    );
    place.hidden = false;
  }

  /** Hand over the released notebook with the answers in it; all else is as it was released. */
  async function saveNotebook() {
    const copy = structuredClone(await loadNotebook());
    for (const cell of copy.cells) {
      const answer = isAnswer(cell) && answers.find((one) => one.name === about(cell).grade_id);
      if (answer) cell.source = (await answer.text()).split(/(?<=\n)/);
    }
    const name = decodeURIComponent(download.href.split("/").at(-1).split("?")[0]);
    save(name, JSON.stringify(copy, null, 1) + "\n");
    return `${name} is in your downloads, with your answers in it.`;
  }

  /** Take the answers out of a notebook that the learner worked on elsewhere. */
  async function openNotebook(file) {
    let theirs;
    try {
      theirs = JSON.parse(await file.text());
    } catch {
      throw new Error("it is no notebook");
    }
    const found = (theirs.cells ?? []).filter((cell) => answers.some((one) => one.name === about({ metadata: {}, ...cell }).grade_id));
    if (!found.length) throw new Error("none of its cells belongs to this exercise");
    if (!confirm(`Replace the answers on this page by the ${found.length} in ${file.name}?`)) return "Nothing was changed.";
    for (const cell of found) {
      const answer = answers.find((one) => one.name === about(cell).grade_id);
      await answer.edit();
      answer.editor.set(source(cell));
    }
    return `${found.length} answers were taken from ${file.name}.`;
  }

  // ---- start -------------------------------------------------------------------------------------------------------
  const answers = [];
  const begin = () => {
    const places = document.querySelectorAll(".practice[data-function]");
    const top = document.querySelector(".practice-notebook");
    if (!places.length || !top) return;
    if (location.protocol === "file:" || !python) {
      top.hidden = false;
      top.textContent = python
        ? "Opened from a folder, a page may not start Python. Download the notebook, or read this page on the web to solve it here."
        : "This copy of the book was built without Python for the page. Download the notebook, or open it on Binder or Colab.";
      return;
    }
    const style = make("link", { rel: "stylesheet", href: new URL("practice.css", here) });
    style.onload = style.onerror = () => {
      answers.push(...[...places].map((place) => new Answer(place)));
      toolbar(top);
    };
    document.head.append(style);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
