// "Your own sentence": four trained nets read what is typed, in the page. Their weights come when the figure comes near
// the view; nothing that is typed leaves the page. `lesson/sentence.py` is the same with a kernel.

(() => {
  "use strict";
  const here = new URL("./", document.currentScript.src);
  const TOP = 5; // likeliest characters of each net
  const SLICE = 12; // ms of reading between two pictures, so that the page answers meanwhile
  const WRITTEN = 400; // characters that a net writes before it stops by itself
  const A_TURN = 2; // characters that it writes between two pictures
  const NEAREST = 40; // characters that a head's strip shows
  const QUIET = 700; // ms without a key before the change is read out

  const visible = (letter) => ({ " ": "␣", "\n": "⏎" })[letter] ?? letter;
  const percent = (share) => (share >= 0.0995 ? `${(100 * share).toFixed(0)} %` : `${(100 * share).toFixed(1)} %`);
  const bytes = (n) => n.toLocaleString("en");

  const sheet = (address) => new Promise((resolve) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });

  const nextFrame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });

  /** One net and what it saw after each character of a text. What two texts begin with alike is read once. */
  class Reader {
    constructor(name, label, model) {
      Object.assign(this, { name, label, model, text: "", seen: [] });
    }

    turnTo(text) {
      let same = 0;
      while (same < this.seen.length && this.text[same] === text[same]) same++;
      this.seen.length = same;
      this.text = text;
    }

    step(before, letter) {
      const state = before ? before.state : this.model.start();
      return this.model.step(state, this.model.alphabet.indexOf(letter));
    }

    /** Read on to character n; whether it got there before the time `until`. */
    readTo(n, until) {
      while (this.seen.length < n) {
        if (performance.now() > until) return false;
        this.seen.push(this.step(this.seen.at(-1), this.text[this.seen.length]));
      }
      return true;
    }

    share(k, letter) {
      return this.seen[k - 1].probs[this.model.alphabet.indexOf(letter)];
    }

    /** What each character after the first cost, on average, up to character n. */
    bits(n) {
      let sum = 0;
      for (let k = 1; k < n; k++) sum -= Math.log2(this.share(k, this.text[k]));
      return sum / (n - 1);
    }
  }

  /** A chance out of [0, 1) turned into a character of `probs`; the likeliest one at temperature 0. */
  function draw(probs, temperature, chance) {
    const most = probs.reduce((best, p, k) => (p > probs[best] ? k : best), 0);
    if (temperature === 0) return most;
    const weights = probs.map((p) => (p / probs[most]) ** (1 / temperature));
    let left = chance * weights.reduce((a, b) => a + b);
    for (let k = 0; k < weights.length; k++) {
      left -= weights[k];
      if (left < 0) return k;
    }
    return most;
  }

  class Figure {
    constructor(box, about, readers) {
      Object.assign(this, { box, about, readers });
      const { make } = courseMemory;
      this.make = make;
      this.id = `sentence-${[...document.querySelectorAll(".sentence")].indexOf(box) + 1}`;
      this.known = new Set(readers[0].model.alphabet);
      this.attention = readers.find((reader) => this.look(reader).heads.length);
      this.live = make("div", { className: "sentence-live" }, this.field(), this.sentence(), this.table(), this.heads(), this.states(), this.writing());
      this.said = make("div", { className: "visually-hidden" });
      this.said.setAttribute("aria-live", "polite");
      this.live.append(this.said);
      box.append(this.live);
      box.classList.add("sentence-ready");
      this.typed();
      this.input.setSelectionRange(about.cursor, about.cursor);
      this.moved(false);
    }

    /** What a net's answer is made of: its first one, which is not shown. */
    look(reader) {
      return reader.step(undefined, "a");
    }

    // ---- the parts, once ----
    field() {
      const { make, about } = this;
      this.input = make("textarea", {
        id: this.id, value: about.text, maxLength: about.longest, rows: 3, autocomplete: "off", spellcheck: false,
      });
      this.input.setAttribute("autocapitalize", "off");
      this.input.setAttribute("autocorrect", "off");
      this.input.setAttribute("aria-describedby", `${this.id}-note`);
      this.input.addEventListener("input", () => this.typed());
      // the cursor was moved; browsers differ in where they say so
      for (const kind of ["keyup", "pointerup", "focus", "selectionchange"]) this.input.addEventListener(kind, () => this.moved());
      document.addEventListener("selectionchange", () => document.activeElement === this.input && this.moved());
      this.note = make("p", { className: "sentence-note", id: `${this.id}-note` });
      const label = make("label", { htmlFor: this.id, textContent: "Your sentence" });
      const hint = make("span", { className: "sentence-hint", textContent: `up to ${about.longest} characters; the nets read as far as the cursor` });
      return make("div", {}, make("p", {}, label, " ", hint), this.input, this.note);
    }

    sentence() {
      this.read = this.make("p", { className: "sentence-read" });
      this.read.setAttribute("aria-hidden", "true");
      this.whose = this.make("p", { className: "sentence-note" });
      return this.make("div", {}, this.read, this.whose);
    }

    table() {
      const { make, readers } = this;
      const table = make("table", { className: "sentence-next" });
      this.caption = table.createCaption();
      const head = table.createTHead().insertRow();
      head.append(make("td", { className: "sentence-titles" }));
      for (const { name, label } of readers) head.append(make("th", { scope: "col", textContent: label, className: `sentence-${name}` }));
      const body = table.createTBody();
      const row = (title) => {
        const made = body.insertRow();
        made.append(make("th", { scope: "row", textContent: title }));
        return { row: made, cells: readers.map(() => made.insertCell()) };
      };
      this.next = Array.from({ length: TOP }, (_, k) => row(["first", "second", "third", "fourth", "fifth"][k]));
      this.next.forEach(({ cells }) => cells.forEach((cell, k) => {
        cell.letter = make("b");
        cell.share = make("span");
        cell.bar = make("span", { className: `sentence-bar sentence-${readers[k].name}` });
        cell.append(cell.letter, " ", cell.share, cell.bar);
      }));
      this.comes = row("");
      this.cost = row("bits a character so far");
      this.kept = row("bytes kept");
      return make("div", { className: "sentence-scroll" }, table);
    }

    heads() {
      const { make, attention } = this;
      const box = make("fieldset", { className: "sentence-heads" }, make("legend", { textContent: `${attention.label}: where its heads look, over the last ${NEAREST} characters` }));
      this.rows = this.look(attention).heads.flatMap((heads, block) => heads.map((_, head) => {
        const radio = make("input", { type: "radio", name: `${this.id}-head`, checked: block === 0 && head === 0 });
        radio.addEventListener("change", () => this.paint());
        const strip = make("canvas", { height: 1 });
        strip.setAttribute("aria-hidden", "true");
        const words = make("span");
        box.append(make("label", {}, radio, make("span", { textContent: `block ${block + 1}, head ${head + 1}` }), strip, words));
        return { block, head, radio, strip, words };
      }));
      return box;
    }

    states() {
      const { make } = this;
      const box = make("div", { className: "sentence-states" });
      this.strips = this.readers.flatMap((reader) => {
        const names = Object.keys(this.look(reader).units).filter((name) => /[hc]$/.test(name));
        return names.map((name) => {
          const strip = make("canvas", { height: 1 });
          strip.setAttribute("aria-hidden", "true");
          const words = make("span");
          const title = make("span", { textContent: `${reader.label}, ${name}` });
          box.append(make("p", {}, title, strip, words));
          return { reader, name, strip, words };
        });
      });
      return make("div", { role: "group", ariaLabel: "Recurrent states" }, make("p", { className: "sentence-title", textContent: "Recurrent states, squashed to −1 … 1; how far the last character moved a number, on average" }), box);
    }

    writing() {
      const { make } = this;
      this.start = make("button", { type: "button", textContent: "Let them write", onclick: () => this.write() });
      this.stop = make("button", { type: "button", textContent: "Stop", hidden: true, onclick: () => { this.running = undefined; } });
      const id = `${this.id}-temperature`;
      const shown = make("output", { htmlFor: id, textContent: "0.7" });
      this.temperature = make("input", { type: "range", id, min: 0, max: 1.5, step: 0.1, value: 0.7, autocomplete: "off" });
      const fill = () => this.temperature.style.setProperty("--at", `${(100 * this.temperature.value) / this.temperature.max}%`);
      this.temperature.addEventListener("input", () => {
        shown.textContent = Number(this.temperature.value).toFixed(1);
        fill();
      });
      fill();
      this.written = this.readers.map((reader) => ({ reader, count: make("span"), before: make("span"), text: make("b") }));
      this.pages = make("div", { className: "sentence-written", hidden: true });
      for (const { reader, count, before, text } of this.written) {
        this.pages.append(make("p", { className: "sentence-count" }, make("b", { textContent: reader.label }), " ", count), make("p", { className: "sentence-text" }, before, text));
      }
      const slider = make("span", { className: "explore-control" }, make("label", { htmlFor: id, textContent: "temperature" }), shown, this.temperature);
      return make("div", {}, make("div", { className: "sentence-actions" }, this.start, this.stop, slider), this.pages);
    }

    // ---- what changes ----
    /** `raw` in the characters of the novel; what it has not is left out. */
    spoken(raw) {
      const left = new Set();
      const text = [...raw].map((letter) => {
        const plain = this.known.has(letter) ? letter : this.about.spelled[letter] ?? letter.normalize("NFD")[0];
        if ([...plain].every((one) => this.known.has(one))) return plain;
        left.add(letter);
        return "";
      }).join("");
      return { text, left };
    }

    typed() {
      const { text, left } = this.spoken(this.input.value);
      for (const reader of this.readers) reader.turnTo(text);
      this.text = text;
      this.note.textContent = left.size ? `The novel has no ${[...left].join(" ")}, so the nets do not read it.` : "";
      this.moved();
    }

    /** The cursor has moved, or the text under it: read up to there and show it. */
    moved(aloud = true) {
      const n = this.spoken(this.input.value.slice(0, this.input.selectionEnd)).text.length;
      if (this.n === n && this.shown === this.text) return;
      Object.assign(this, { n, shown: this.text, aloud });
      this.running = undefined;
      this.going ??= this.readOn();
    }

    async readOn() {
      for (let done = false; !done;) {
        await nextFrame();
        const until = performance.now() + SLICE;
        done = this.readers.map((reader) => reader.readTo(this.n, until)).every(Boolean);
        if (done) this.paint();
      }
      this.going = undefined;
    }

    paint() {
      const { n, text, readers } = this;
      if (readers.some((reader) => reader.seen.length < n)) return;
      const seen = readers.map((reader) => reader.seen[n - 1]);
      this.live.classList.toggle("sentence-empty", n === 0);
      this.caption.textContent = n ? `After “${this.end()}” comes` : "The nets have read nothing yet: type, or move the cursor to the right.";
      this.box.seen = n ? { read: text.slice(0, n), nets: Object.fromEntries(readers.map((reader, k) => [reader.name, seen[k]])) } : undefined;
      if (!n) return this.showRead();
      readers.forEach((reader, k) => {
        const { probs, state } = seen[k];
        const top = [...probs.keys()].sort((a, b) => probs[b] - probs[a]).slice(0, TOP);
        top.forEach((letter, rank) => {
          const cell = this.next[rank].cells[k];
          cell.letter.textContent = visible(reader.model.alphabet[letter]);
          cell.share.textContent = percent(probs[letter]);
          cell.bar.style.width = `${100 * probs[letter]}%`;
        });
        this.comes.cells[k].textContent = n < text.length ? percent(reader.share(n, text[n])) : "";
        this.cost.cells[k].textContent = n > 1 ? reader.bits(n).toFixed(2) : "";
        this.kept.cells[k].textContent = bytes(reader.model.bytes(state));
      });
      this.comes.row.hidden = n === text.length;
      if (n < text.length) this.comes.row.cells[0].textContent = `then comes “${visible(text[n])}”`;
      this.showHeads(seen[readers.indexOf(this.attention)].heads);
      this.showStates();
      if (this.aloud) this.tell(seen);
    }

    /** The end of what was read, from a word's beginning. */
    end(most = 30) {
      const read = this.text.slice(0, this.n);
      const tail = read.slice(-most);
      const words = read.length > most ? `…${tail.slice(tail.indexOf(" ") + 1)}` : tail;
      return words.replaceAll("\n", "⏎");
    }

    showHeads(heads) {
      let chosen;
      for (const { block, head, radio, strip, words } of this.rows) {
        const shares = heads[block][head];
        if (radio.checked) chosen = shares;
        const most = shares.reduce((best, share, t) => (share > shares[best] ? t : best), 0);
        const back = shares.length - 1 - most;
        const where = back ? `${back} back` : "itself";
        words.textContent = `${percent(shares[most])} on “${visible(this.text[this.n - 1 - back])}”, ${where}`;
        // the last characters stand at the right, as they are read
        const room = new Array(Math.max(0, NEAREST - shares.length)).fill(0);
        this.colour(strip, [...room, ...shares.slice(-NEAREST)], "--course-attention");
      }
      const { block, head } = this.rows.find(({ radio }) => radio.checked);
      const sight = chosen.length < this.n ? ` It sees the last ${chosen.length} characters.` : "";
      this.whose.textContent = `Bars: what block ${block + 1}, head ${head + 1} of the ${this.attention.label} looks at from the last character read.${sight}`;
      this.showRead(chosen);
    }

    showRead(shares = []) {
      const letters = [...this.text].map((letter, t) => {
        const share = shares[t - (this.n - shares.length)] ?? 0;
        const what = t >= this.n ? "later" : t < this.n - shares.length ? "beyond" : "";
        const span = this.make("span", { textContent: letter === "\n" ? "⏎\n" : letter, className: what });
        span.style.borderBottomWidth = `${Math.round(14 * share)}px`;
        return span;
      });
      letters.splice(this.n, 0, this.make("span", { className: "sentence-cursor" }));
      this.read.replaceChildren(...letters);
    }

    showStates() {
      for (const { reader, name, strip, words } of this.strips) {
        const now = reader.seen[this.n - 1].units[name].map(Math.tanh);
        const before = reader.seen[this.n - 2]?.units[name].map(Math.tanh) ?? new Float32Array(now.length);
        this.colour(strip, now, "--course-attention", "--course-rnn");
        const moved = now.reduce((sum, v, k) => sum + Math.abs(v - before[k]), 0) / now.length;
        words.textContent = `${now.length} numbers, moved by ${moved.toFixed(2)}`;
      }
    }

    /** One pixel a number, as strong as it is large; a colour for each sign. */
    colour(canvas, values, above, below = above) {
      canvas.width = values.length;
      const context = canvas.getContext("2d");
      const style = getComputedStyle(document.documentElement);
      values.forEach((value, k) => {
        context.globalAlpha = Math.min(1, Math.abs(value));
        context.fillStyle = style.getPropertyValue(value < 0 ? below : above);
        context.fillRect(k, 0, 1, 1);
      });
    }

    /** Read out what changed, when no key has come for a moment. */
    tell(seen) {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => {
        const each = this.readers.map(({ label, model }, k) => {
          const { probs } = seen[k];
          const most = draw(probs, 0);
          const name = { " ": "a space", "\n": "a line break" }[model.alphabet[most]] ?? model.alphabet[most];
          return `${label} ${name}, ${Math.round(100 * probs[most])} percent`;
        });
        this.said.textContent = `After ${this.end()}: ${each.join("; ")}.`;
      }, QUIET);
    }

    // ---- writing ----
    async write() {
      const run = this.running = {};
      const from = this.text.slice(0, this.n) || "\n";
      const temperature = Number(this.temperature.value);
      const states = this.written.map(({ reader, count, before, text }) => {
        before.textContent = this.text.slice(0, this.n);
        text.textContent = count.textContent = "";
        const now = reader.seen[this.n - 1] ?? reader.step(undefined, from);
        return { reader, count, text, now, letters: "", ms: 0 };
      });
      this.pages.hidden = false;
      this.start.hidden = true;
      this.stop.hidden = false;
      this.stop.focus();
      while (this.running === run && states[0].letters.length < WRITTEN) {
        for (const one of states) {
          const began = performance.now();
          for (let k = 0; k < A_TURN; k++) {
            const letter = one.reader.model.alphabet[draw(one.now.probs, temperature, Math.random())];
            one.letters += letter;
            one.now = one.reader.step(one.now, letter);
          }
          one.ms += performance.now() - began;
          one.text.textContent = one.letters;
          const each = Math.round((1000 * one.ms) / one.letters.length);
          one.count.textContent = `${one.letters.length} characters, ${bytes(each)} µs each, ${bytes(one.reader.model.bytes(one.now.state))} bytes kept`;
        }
        await nextFrame();
      }
      const hadFocus = document.activeElement === this.stop;
      if (this.running === run) this.running = undefined;
      if (this.running) return;
      this.start.hidden = false;
      if (hadFocus) this.start.focus();
      this.stop.hidden = true;
      this.said.textContent = `Written. ${states.map(({ reader, count }) => `${reader.label}: ${count.textContent}`).join(". ")}.`;
    }
  }

  async function prepare(box) {
    const about = JSON.parse(box.dataset.about);
    try {
      const files = Object.values(about.nets).map(({ file }) => fetchScript(file));
      const [, , ...weights] = await Promise.all([sheet(new URL("sentence.css", here)), globalThis.nets ?? fetchScript(new URL("nets.js", here)), ...files]);
      const readers = [];
      for (const [k, [name, { label }]] of Object.entries(about.nets).entries()) {
        await nextFrame(); // a phone unpacks each for a while
        const packed = Uint8Array.from(atob(weights[k].weights), (c) => c.charCodeAt(0));
        readers.push(new Reader(name, label, nets.createModel(packed.buffer, weights[k].meta)));
      }
      const figure = new Figure(box, about, readers);
      new MutationObserver(() => figure.paint()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    } catch (error) {
      const sentence = document.createElement("p");
      sentence.textContent = `The nets did not come (${error.message}), so this is a picture. Reload the page to try again.`;
      box.append(sentence);
    }
  }

  document.addEventListener("DOMContentLoaded", () => whenNear(document.querySelectorAll(".sentence"), prepare));
})();
