// The script of every page, which works without: forms that are sent once, what is told while typing, and what the help
// desk has live and by key. Each part looks for its own elements and does nothing where they are not.
"use strict";

const body = document.body;
const byId = (id) => document.getElementById(id);

// Regions that are shown anew when something has changed; forms in which somebody types are never among them.
const REGIONS = ["live", "live-summary", "live-conversation", "live-work", "live-steps", "live-history"];

let hasNews = false;

async function refresh() {
  // A page that a form was answered with stands at the form's address; what is fresh does not.
  const answer = await fetch(body.dataset.address || location.href, { headers: { Accept: "text/html", "Desk-By-Itself": "1" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of REGIONS) {
    const old = byId(id);
    const made = fresh.getElementById(id);
    if (!old || !made || old.innerHTML === made.innerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    old.replaceChildren(...made.childNodes);
    // Not after one's own action, whose page is up to date already, and not where only the time went on.
    if (hasNews && body.dataset.live === "ticket") byId("news").textContent = body.dataset.changed;
    if (focused) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
  hasNews = false;
}

let waiting = 0;
function refreshSoon() {
  // Fifty people who watch do not ask within the same moment.
  if (waiting) return;
  waiting = setTimeout(() => { waiting = 0; refresh(); }, 100 + Math.random() * 1900);
}

function watch() {
  const kind = body.dataset.live;
  if (!kind || !window.EventSource) return;
  const source = new EventSource("/desk/live");
  source.addEventListener("ticket", (event) => {
    if (kind === "ticket" && event.data !== body.dataset.ticket) return;
    hasNews = true;
    refreshSoon();
  });
  source.addEventListener("writers", (event) => {
    const { ticket, names } = JSON.parse(event.data);
    const shown = byId("writers");
    if (!shown || String(ticket) !== body.dataset.ticket) return;
    const others = names.filter((name) => name !== body.dataset.me);
    shown.textContent = others.map((name) => body.dataset.oneWrites.replace("@", name)).join(" ");
  });
  // A service that is started anew is back within seconds; one that stays away leaves the page behind what happens.
  let away = 0;
  source.addEventListener("error", () => {
    away ||= setTimeout(() => { byId("news").textContent = body.dataset.away; }, 8000);
  });
  source.addEventListener("open", () => {
    clearTimeout(away);
    away = 0;
    if (byId("news").textContent === body.dataset.away) byId("news").textContent = "";
    refreshSoon();
  });
  window.addEventListener("pagehide", () => { source.close(); clearTimeout(away); });
}

function tellThatIWrite() {
  const box = byId("reply");
  if (!box) return;
  let last = 0;
  box.addEventListener("input", () => {
    if (Date.now() - last < 5000) return;
    last = Date.now();
    const form = new URLSearchParams({ csrf: body.dataset.csrf });
    fetch(`/desk/tickets/${body.dataset.ticket}/writing`, { method: "POST", body: form });
  });
}

function findAnswers() {
  const words = byId("find");
  const list = byId("found");
  const box = byId("reply");
  if (!words || !list || !box) return;
  for (const each of document.querySelectorAll("[data-without-script]")) each.hidden = true;
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) event.preventDefault();
  });
  let last = 0;
  words.addEventListener("input", () => {
    const number = ++last;
    setTimeout(async () => {
      if (number !== last) return;
      const answer = await fetch(`/desk/answers?${new URLSearchParams({ words: words.value, language: list.dataset.language })}`);
      if (number !== last || !answer.ok) return;
      const found = await answer.json();
      list.replaceChildren(...found.map((each) => item(each, list.dataset.insert, box)));
      const status = byId("find-status");
      status.textContent = words.value.trim() ? status.dataset.found.replace("@", found.length) : "";
    }, 200);
  });
}

function item(each, label, box) {
  const made = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const text = document.createElement("div");
  const button = document.createElement("button");
  summary.textContent = each.question;
  text.innerHTML = each.html; // a few tags of our own, everything else escaped
  text.className = "text";
  details.append(summary, text);
  button.type = "button";
  button.className = "quiet";
  button.textContent = label;
  button.setAttribute("aria-label", `${label}: ${each.question}`);
  button.addEventListener("click", () => {
    box.value = box.value.trim() ? `${box.value.trimEnd()}\n\n${each.answer}` : each.answer;
    box.focus();
    box.dispatchEvent(new Event("input"));
  });
  made.append(details, button);
  return made;
}

function moveInQueue(step) {
  const rows = [...document.querySelectorAll("a.row")];
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(here < 0 && step < 0 ? 0 : here + step, 0), rows.length - 1)].focus();
}

function useKeys() {
  const choice = byId("keys-on");
  for (const each of document.querySelectorAll("[data-needs-script]")) each.hidden = false;
  if (choice) {
    choice.checked = localStorage.getItem("desk-keys") !== "off";
    choice.addEventListener("change", () => localStorage.setItem("desk-keys", choice.checked ? "on" : "off"));
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
      event.target.form?.requestSubmit();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || (choice && !choice.checked)) return;
    if (event.key === "j" || event.key === "k") {
      moveInQueue(event.key === "j" ? 1 : -1);
      event.preventDefault();
      return;
    }
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("button, a")) target.click();
    else target.focus();
  });
}

// A page that a form came back on begins at what is wrong with it.
document.querySelector("[data-focus]")?.focus();

// The chat: forms are sent and lines appear without a reload. Everything shown is the server's own page: of a fresh one
// the lines that are new are taken over, those that are gone go, and of the others what has changed.
function chat() {
  const log = byId("log");
  const box = byId("text");
  if (!log || !box || !window.fetch) return;
  const say = byId("say");
  const working = byId("working");
  const isTouched = matchMedia("(pointer: coarse)").matches; // its keyboard would cover what was said
  let source = null;
  let asked = 0; // how many pages were asked for; only the newest answer counts
  let sending = false;

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const made = fresh.getElementById("log");
    if (!made) throw new Error("no chat");
    const isNear = window.innerHeight + window.scrollY > document.body.scrollHeight - 200;
    const old = log.querySelector("ol");
    const lines = made.querySelector("ol");
    const known = new Map([...old.children].map((line) => [line.id, line]));
    for (const line of known.values()) if (!lines.querySelector(`#${CSS.escape(line.id)}`)) line.remove();
    let first = null;
    for (const line of [...lines.children]) {
      const mine = known.get(line.id);
      if (mine) {
        for (const part of ["form", "img", "audio", ".code"]) bringUpToDate(mine, line, part);
      } else {
        old.append(line);
        first ??= line;
      }
    }
    byId("beside").replaceChildren(...fresh.getElementById("beside").childNodes);
    for (const name of ["csrf", "key"]) say.elements[name].value = fresh.getElementById("say").elements[name].value;
    byId("wrong").replaceChildren(...fresh.getElementById("wrong").childNodes);
    log.dataset.version = made.dataset.version;
    if ("live" in made.dataset) log.dataset.live = "";
    if (first && isNear) show(first);
    listen();
  }

  function show(first) {
    window.scrollTo(0, document.body.scrollHeight);
    if (first.getBoundingClientRect().top < 0) first.scrollIntoView();
  }

  function bringUpToDate(mine, line, part) {
    const old = mine.querySelector(part);
    const made = line.querySelector(part);
    if (old && !made) old.remove();
    if (old && made && part === "form" && offers(old) !== offers(made)) old.replaceWith(made);
    if (!old && made) mine.append(made);
  }

  function offers(form) {
    return [...form.querySelectorAll("button")].map((button) => button.value).join();
  }

  function tell(text) {
    const told = document.createElement("p");
    told.textContent = text;
    byId("wrong").replaceChildren(told);
  }

  async function refresh() {
    const number = ++asked;
    const answer = await fetch("/", { headers: { Accept: "text/html" } });
    if (answer.ok && number === asked && !sending) take(await answer.text());
  }

  async function send(form, button) {
    if (sending) return;
    sending = true;
    asked += 1;
    const typed = form === say;
    working.textContent = say.dataset.working;
    try {
      const fields = new URLSearchParams(new FormData(form, button));
      const answer = await fetch("/", { method: "POST", body: fields, headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (answer.status >= 500) throw new Error(answer.statusText);
      take(text);
      byId("continue")?.remove();
      if (!isTouched) box.focus({ preventScroll: true });
      if (typed && answer.ok) box.value = "";
      if (answer.ok) box.removeAttribute("aria-invalid");
      else box.setAttribute("aria-invalid", "true");
    } catch {
      tell(say.dataset.notSent);
    } finally {
      sending = false;
      working.textContent = "";
      delete form.dataset.sent;
    }
  }

  function listen() {
    // A browser has six connections to a host: only the tab that is seen keeps one.
    const wanted = "live" in log.dataset && !document.hidden && window.EventSource;
    if (!wanted) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource("/chat/live");
      source.addEventListener("news", (event) => {
        if (event.data !== log.dataset.version && !sending) refresh().catch(() => {});
      });
    }
  }

  document.addEventListener("submit", (event) => {
    if (event.target.closest(".leave") || "past" in log.dataset) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouched) return;
    event.preventDefault();
    say.requestSubmit();
  });
  document.addEventListener("visibilitychange", listen);
  window.addEventListener("pagehide", () => { source?.close(); source = null; });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) refresh().catch(() => {});
    listen();
  });
  if (!location.hash && !byId("greeting") && "live" in log.dataset) window.scrollTo(0, document.body.scrollHeight);
}

// A form that is pressed twice is sent once.
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// Forms of accounts: what can be told while somebody types, and verification characters without losing what was typed.

function later(element, wait, act) {
  let timer = 0;
  element.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(act, wait); });
}

async function ask(address, fields) {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields) });
  return answer.ok ? answer.json() : {};
}

const typedInto = (id) => byId(id)?.value ?? "";

function checkUsername() {
  const field = document.querySelector("[data-check]");
  if (!field) return;
  const said = byId(field.dataset.check);
  later(field, 500, async () => {
    const username = field.value.trim();
    const found = username.length > 2 ? await ask("/account/check/username", { username }) : {};
    if (username !== field.value.trim()) return;
    said.textContent = [...(found.mistakes ?? []), found.said ?? ""].join(" ").trim();
    said.className = found.mistakes?.length ? "mistakes" : "hint";
  });
}

function checkPassword() {
  const field = document.querySelector("[data-strength]");
  const list = document.querySelector("[data-rules]");
  if (!field || !list) return;
  const said = byId(field.dataset.strength);
  const rules = Object.fromEntries([...list.children].map((each) => [each.dataset.rule, each]));
  const { least, most } = rules.length.dataset;
  const tick = () => {
    const text = field.value;
    const about = list.dataset.about.split(" ").map(typedInto).filter(Boolean).map((each) => each.toLowerCase());
    const met = {
      length: [...text].length >= least && [...text].length <= most,
      letters: /\p{Lu}/u.test(text) && /\p{Ll}/u.test(text),
      number: /\p{Nd}/u.test(text),
      username: text !== "" && !about.includes(text.toLowerCase()),
    };
    for (const [name, element] of Object.entries(rules)) element.dataset.met = met[name] ? "yes" : "no";
    return Object.values(met).every(Boolean);
  };
  field.addEventListener("input", () => { if (!tick()) said.textContent = ""; });
  later(field, 400, async () => {
    const password = field.value;
    if (!tick()) return;
    const found = await ask("/account/check/password", { password, username: typedInto("username"), email: typedInto("email") });
    if (password === field.value) said.textContent = found.said ?? "";
  });
}

function showPasswords() {
  for (const box of document.querySelectorAll("[data-shows]")) {
    box.addEventListener("change", () => {
      for (const id of box.dataset.shows.split(" ")) byId(id).type = box.checked ? "text" : "password";
    });
  }
}

function changeCharacters() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest('#verification button[name="other"]');
    if (!button) return;
    event.preventDefault();
    const form = new FormData(button.form);
    for (const secret of button.form.querySelectorAll('input[autocomplete$="-password"]')) form.delete(secret.name);
    form.set("other", button.value);
    const answer = await fetch(button.form.getAttribute("action"), { method: "POST", body: new URLSearchParams(form) });
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("verification");
    if (!answer.ok || !made) {
      HTMLFormElement.prototype.requestSubmit.call(button.form, button);
      return;
    }
    byId("verification").replaceWith(made);
    byId("characters")?.focus();
  });
}

watch();
tellThatIWrite();
checkUsername();
checkPassword();
showPasswords();
changeCharacters();
findAnswers();
useKeys();
chat();
