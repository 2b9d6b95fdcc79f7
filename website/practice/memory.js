// What this device remembers of the course: answers, guesses, functions that pass, chapters read to the end, and whether
// predictions hide anything. It is kept in the browser's own storage and goes nowhere; all but the last moves as one file.

(() => {
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const KEY = `course ${root.pathname}`;
  const page = location.pathname.slice(root.pathname.length).replace(/\.html$/, "") || "index";
  const READ_FOR = 2000; // ms that the end of a chapter is in view before it counts as read

  const nothing = () => ({ answers: {}, passed: {}, read: {}, guesses: {} });

  function load() {
    try {
      return { ...nothing(), ...JSON.parse(localStorage.getItem(KEY)) };
    } catch {
      return nothing();
    }
  }

  // Each change reads what is stored first, so that two tabs do not undo one another.
  function change(edit) {
    const data = load();
    edit(data);
    try {
      localStorage.setItem(KEY, JSON.stringify(data));
    } catch {
      return false; // full, or not allowed; the page goes on without a memory
    }
    mark();
    return true;
  }

  function forget() {
    localStorage.removeItem(KEY);
    mark();
  }

  /** Whether `text`, the content of an exported file, could be taken over. */
  function restore(text) {
    const data = JSON.parse(text);
    const parts = ["answers", "passed", "read"];
    const isOurs = data?.course === "rnns-vs-transformers" && parts.every((part) => typeof data[part] === "object");
    if (!isOurs) throw new Error("this file was not exported by this course");
    return change((now) => [...parts, "guesses"].forEach((part) => Object.assign(now[part], data[part])));
  }

  const exported = () => JSON.stringify({ course: "rnns-vs-transformers", ...load() }, null, 1);

  /** What to say of a page: "read", "2 of 3 functions pass", or nothing. */
  function said(name, data = load()) {
    if (data.read[name]) return "read";
    const functions = Object.entries(data.passed).filter(([key]) => name.startsWith(`exercises/${key.split("/")[0]}/`));
    if (!functions.length) return "";
    const passing = functions.filter(([, passes]) => passes).length;
    return passing ? `${passing} of ${functions.length} functions pass` : "";
  }

  // A quiet mark beside a page's name, in the menu and on the first page.
  function mark() {
    const data = load();
    for (const link of document.querySelectorAll(".bd-links a[href], .course-map a[href]")) {
      const name = new URL(link.href).pathname.slice(root.pathname.length).replace(/\.html$/, "");
      link.querySelector(".course-mark")?.remove();
      const words = link.hash ? "" : said(name, data);
      if (!words) continue;
      const whole = words === "read" || /^(\d+) of \1 /.test(words);
      const sign = Object.assign(document.createElement("span"), { className: "course-mark", title: words });
      sign.innerHTML = `<span aria-hidden="true">${whole ? "✓" : "◐"}</span><span class="visually-hidden"> (${words})</span>`;
      link.append(sign);
    }
  }

  // ---- what one can do with it: on the first page and below each exercise ----
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  /** Hand over what is in `content`, a Blob or a text of JSON, as a downloaded file. */
  function save(name, content) {
    const blob = content instanceof Blob ? content : new Blob([content], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  window.courseMemory = { page, load, change, forget, restore, exported, make, save };

  const button = (text, action) => make("button", { type: "button", textContent: text, onclick: action });

  function box(place) {
    const status = make("p");
    status.setAttribute("role", "status");
    const say = (sentence) => { status.textContent = sentence; };
    const file = make("input", { type: "file", accept: ".json", hidden: true });
    file.onchange = async () => {
      try {
        restore(await file.files[0].text());
        say("Taken over. Reload a page to see its answers.");
      } catch (error) {
        say(`Nothing was taken over: ${error.message}.`);
      }
      file.value = "";
    };
    const buttons = [
      button("Save it as a file", () => save("course-on-this-device.json", exported())),
      button("Take it from a file", () => file.click()),
      button("Forget all of it", () => {
        if (!confirm("Forget all answers and marks of this course on this device?")) return;
        forget();
        say("Forgotten.");
      }),
    ];
    if ("serviceWorker" in navigator) buttons.push(offline(say));
    place.append(
      make("summary", { textContent: "On this device" }),
      make("p", { textContent: "Your answers and guesses, the functions that pass and the chapters that you have read are kept in this browser, and nowhere else." }),
      make("div", { className: "practice-actions" }, ...buttons),
      file,
      status,
    );
    place.hidden = false;
  }

  // The site and Python, stored by a service worker; it is asked only when the network does not answer.
  function offline(say) {
    const keep = button("Keep the course for offline", async () => {
      keep.disabled = true;
      try {
        const files = await (await fetch(new URL("_static/practice/offline.json", root))).json();
        await navigator.serviceWorker.register(new URL("offline.js", root));
        const { active } = await navigator.serviceWorker.ready;
        const answers = new MessageChannel();
        const done = new Promise((resolve, reject) => {
          answers.port1.onmessage = ({ data }) => {
            if (data.error) reject(new Error(data.error));
            else if (data.kept === files.names.length) resolve();
            else say(`Keeping ${files.megabytes} MB: ${Math.floor((100 * data.kept) / files.names.length)} %`);
          };
        });
        active.postMessage({ version: files.version, names: files.names }, [answers.port2]);
        await done;
        say("Kept. Without a network this course goes on, exercises too.");
      } catch (error) {
        say(`It could not be kept: ${error.message}.`);
      }
      keep.disabled = false;
    });
    return keep;
  }

  document.addEventListener("DOMContentLoaded", () => {
    mark();
    document.querySelectorAll("details.course-memory").forEach(box);
    const end = document.querySelector(".prev-next-footer");
    if (!page.startsWith("book/") || page === "book/index" || !end) return;
    let waiting;
    new IntersectionObserver(([entry], observer) => {
      clearTimeout(waiting);
      if (!entry.isIntersecting) return;
      waiting = setTimeout(() => {
        observer.disconnect();
        change((data) => { data.read[page] = new Date().toISOString().slice(0, 10); });
      }, READ_FOR);
    }).observe(end);
  });
})();
