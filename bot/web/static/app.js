// The script of every page, which works without: forms that are sent once, and what the help desk has live, by key and
// while typing. Each part looks for its own elements and does nothing where they are not.
"use strict";

const body = document.body;
const byId = (id) => document.getElementById(id);

// Regions that are shown anew when something has changed; forms in which somebody types are never among them.
const REGIONS = ["live", "live-summary", "live-conversation", "live-work", "live-steps", "live-history"];

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
    if (focused) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
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
    if (kind === "ticket") byId("news").textContent = body.dataset.changed;
    refreshSoon();
  });
  source.addEventListener("writers", (event) => {
    const { ticket, names } = JSON.parse(event.data);
    const shown = byId("writers");
    if (!shown || String(ticket) !== body.dataset.ticket) return;
    const others = names.filter((name) => name !== body.dataset.me);
    shown.textContent = others.map((name) => body.dataset.oneWrites.replace("@", name)).join(" ");
  });
  source.addEventListener("open", refreshSoon);
  window.addEventListener("pagehide", () => source.close());
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
  words.form.addEventListener("submit", (event) => event.preventDefault());
  let last = 0;
  words.addEventListener("input", () => {
    const number = ++last;
    setTimeout(async () => {
      if (number !== last) return;
      const answer = await fetch(`/desk/answers?${new URLSearchParams({ words: words.value })}`);
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
  text.textContent = each.answer;
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

watch();
tellThatIWrite();
findAnswers();
useKeys();
