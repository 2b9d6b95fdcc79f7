// A Predict box hides what answers it until the reader has guessed. Which parts of a page those are, and which choice
// is right, is marked when the book is built; see page_predictions.py.

(() => {
  const memory = window.courseMemory;
  const { make } = memory;
  const button = (text, onclick, properties = {}) => make("button", { type: "button", textContent: text, onclick, ...properties });
  const number = (text) => Number.parseFloat(text.replaceAll(",", "").replace("−", "-"));

  class Prediction {
    constructor(box) {
      this.box = box;
      this.hidden = [];
      this.question = box.querySelector("p:not(.admonition-title)").textContent.slice(0, 80);
      this.said = make("p", { className: "guess-said" });
      this.said.setAttribute("role", "status");
    }

    /** Once all that it hides is known: what one guesses with. */
    prepare() {
      this.answer = this.hidden.find((part) => part.matches(".answer"));
      this.choices = this.box.querySelector("ul.choices");
      this.open = button("I have a guess: show it", () => this.guess(""));
      this.again = button("Guess again", () => this.forget(), { className: "guess-again" });
      if (this.choices?.matches(".field")) this.field();
      else if (this.choices) this.offer();
      this.box.append(make("div", { className: "guess-actions" }, this.said, ...this.choices ? [] : [this.open], this.again));
      if (this.answer) {
        this.peek = button("Show it without a guess", () => this.show(true), { className: "guess-peek" });
        const title = this.answer.querySelector(".admonition-title");
        title.tabIndex = -1; // it takes the focus when the button goes
        title.after(this.peek);
      }
      this.show(false);
    }

    offer() {
      this.choices.setAttribute("role", "group");
      this.choices.setAttribute("aria-label", "Your guess");
      for (const item of this.choices.children) {
        item.role = "presentation";
        const text = item.textContent.trim();
        const inside = item.querySelector(":scope > p") ?? item;
        const choice = button("", () => this.guess(text));
        choice.append(...inside.childNodes);
        item.replaceChildren(choice);
      }
    }

    field() {
      const item = this.choices.firstElementChild;
      const unit = item.textContent.replace("…", "").trim();
      const input = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", size: 8, required: true });
      input.setAttribute("aria-label", unit ? `Your guess in ${unit}` : "Your guess");
      this.input = input;
      const form = make("form", { className: "guess-field" }, input, unit && ` ${unit} `, button("Guess", null, { type: "submit" }));
      form.onsubmit = (event) => {
        event.preventDefault();
        this.guess(input.value.trim());
      };
      item.replaceChildren(form);
    }

    guess(text) {
      memory.change((data) => { (data.guesses[memory.page] ??= {})[this.question] = text; });
      this.tell(text);
      this.show(true);
    }

    /** "You said 3; it is 6." */
    tell(text) {
      this.guessed = true;
      const right = this.choices?.querySelector(".right");
      const truth = right ?? this.answer?.querySelector("strong");
      if (!this.choices || !truth) return;
      const isRight = right ? right.textContent.trim() === text : number(text) === number(truth.textContent);
      for (const item of this.choices.querySelectorAll("li:has(> button)")) {
        const chosen = item.textContent.trim() === text;
        item.firstElementChild.setAttribute("aria-pressed", String(chosen));
        item.dataset.mark = item === right ? "right" : chosen ? "wrong" : "";
      }
      if (this.input) this.input.value = text;
      const words = (of) => [...of.cloneNode(true).childNodes].flatMap((node) => node.matches?.("button") ? [...node.childNodes] : node);
      const it = words(truth);
      if (!right) it.splice(0, it.length, truth.textContent.replace(/[.:,]$/, ""));
      this.said.dataset.mark = isRight ? "right" : "wrong";
      this.said.replaceChildren(...isRight ? ["You said ", ...it, ", and so it is."] : [`You said ${text}; it is `, ...it, "."]);
    }

    forget() {
      memory.change((data) => { delete data.guesses[memory.page]?.[this.question]; });
      this.guessed = false;
      this.said.replaceChildren();
      for (const item of this.choices?.children ?? []) {
        delete item.dataset.mark;
        item.querySelector("button[aria-pressed]")?.removeAttribute("aria-pressed");
      }
      this.show(false);
      (this.choices?.querySelector("button, input") ?? this.open).focus();
    }

    show(visible) {
      this.visible = visible;
      for (const part of this.hidden) part.classList.toggle("is-shown", visible);
      this.open.hidden = visible;
      this.again.hidden = !visible;
      if (!this.peek) return;
      if (this.peek === document.activeElement) this.answer.querySelector(".admonition-title").focus();
      this.peek.hidden = visible;
    }
  }

  function find() {
    const found = [];
    for (const part of document.querySelectorAll(".bd-article :is(.predict, .after-guess, .answer)")) {
      if (part.matches(".predict")) found.push(new Prediction(part));
      else found.at(-1)?.hidden.push(part);
    }
    return found;
  }

  /** One switch for all pages. */
  function everything(predictions) {
    const box = make("input", { type: "checkbox" });
    box.setAttribute("role", "switch");
    box.checked = Boolean(memory.load().shown);
    box.onchange = () => {
      memory.change((data) => { data.shown = box.checked; });
      for (const prediction of predictions) prediction.show(box.checked || prediction.guessed === true);
    };
    const label = make("label", { className: "show-everything" }, box, " Show what the predictions hide, on all pages");
    const place = document.querySelector(".bd-article .objectives");
    if (place) place.append(label);
    else predictions[0].box.before(label);
    return box.checked;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const predictions = find();
    if (!predictions.length) return;
    for (const prediction of predictions) prediction.prepare();
    const guesses = memory.load().guesses[memory.page] ?? {};
    const all = everything(predictions);
    for (const prediction of predictions) {
      const text = guesses[prediction.question];
      if (text !== undefined) prediction.tell(text);
      prediction.show(all || text !== undefined);
    }
    // Who follows a link to what is hidden wants to see it.
    const reveal = (place) => {
      const part = place?.closest(".after-guess, .answer");
      if (!part) return;
      predictions.find((prediction) => prediction.hidden.includes(part))?.show(true);
      place.scrollIntoView();
    };
    const follow = () => reveal(document.getElementById(decodeURIComponent(location.hash.slice(1))));
    follow();
    window.addEventListener("hashchange", follow);
    document.addEventListener("reveal", ({ target }) => reveal(target));
  });
})();
