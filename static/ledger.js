// What a static page cannot do alone: quiet polling, announcements, keys, copying. Everything works without it.
const say = document.getElementById("say");
const said = new Map();

function announce(text, shown) {
  say.toggleAttribute("data-shown", Boolean(shown));
  say.textContent = text;
}

// Each new state is said once: what an element says is remembered under its id.
function listen(first) {
  const news = [...document.querySelectorAll("[data-announce]")].filter((element) => said.get(element.id) !== element.dataset.announce);
  for (const element of news) said.set(element.id, element.dataset.announce);
  if (news.length && first !== true) announce(news.map((element) => element.dataset.announce).join(". "));
}
listen(true);
document.addEventListener("htmx:afterSettle", listen);

// A hidden tab does not ask; one that comes back asks at once.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-poll]")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const element of document.querySelectorAll("[data-poll]")) htmx.trigger(element, "seen");
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!event.target.matches("[data-poll]")) announce(document.body.dataset.trouble, true);
  });
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target.closest("[data-help]")) document.getElementById("help").showModal();
  if (event.target.closest("[data-print]")) print();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = copy.dataset.copy || new URL(copy.href, location.href).href;
    if (copy.href) event.preventDefault();
    navigator.clipboard.writeText(text).then(() => announce(document.body.dataset.copied, true));
    setTimeout(() => say.removeAttribute("data-shown"), 1500);
  }
});

// A row's first link or button is what the row opens with; the keys walk from one to the next.
function step(by) {
  const rows = [...document.querySelectorAll("main tbody tr:not(.group, .inset)")].filter((row) => row.querySelector("a, button"));
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by];
  row?.querySelector("a, button").focus();
}
function close() {
  const menu = document.querySelector("details.menu[open]");
  const opened = document.activeElement?.closest(".inset, .opened")?.parentElement.querySelector("[data-close]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (opened) opened.click();
  else if (document.activeElement?.matches("input, select")) document.activeElement.blur();
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return close();
  if (event.target.matches("input, select, textarea")) return;
  const act = { "/": () => (document.querySelector("main input[type=search]") ?? document.getElementById("search"))?.focus(), j: () => step(1), k: () => step(-1), "?": () => document.getElementById("help").showModal() }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
