// What HTML cannot do alone: announcements, quiet polling, keys, copying. Everything works without it.
const announcer = document.getElementById("announcements");
const announcedTexts = new Map();

function announce(text, isVisible) {
  announcer.toggleAttribute("data-shown", Boolean(isVisible));
  announcer.textContent = text;
}

// Return the texts that have not been announced yet. An element's text is remembered under its id.
function collectNews() {
  const elements = [...document.querySelectorAll("[data-announce]")];
  const changed = elements.filter((element) => announcedTexts.get(element.id) !== element.dataset.announce);
  for (const element of changed) announcedTexts.set(element.id, element.dataset.announce);
  return changed.map((element) => element.dataset.announce).join(". ");
}
collectNews(); // What the page shows from the start is not news.
document.addEventListener("htmx:afterSettle", () => {
  const text = collectNews();
  if (text) announce(text);
});

// A button that turns into its opposite (Generate, Cancel) waits: a second press does nothing.
const SECOND_PRESS_MS = 2000;
const buttonActions = new Map();

function holdTurnedButtons() {
  for (const button of document.querySelectorAll("button[id^=act-]")) {
    const action = button.getAttribute("formaction") ?? button.form?.getAttribute("action");
    if (buttonActions.has(button.id) && buttonActions.get(button.id) !== action) holdButton(button);
    buttonActions.set(button.id, action);
  }
}

// The button keeps the focus, which a disabled one would lose.
function holdButton(button) {
  button.setAttribute("aria-disabled", "true");
  setTimeout(() => button.removeAttribute("aria-disabled"), SECOND_PRESS_MS);
}
holdTurnedButtons();
document.addEventListener("htmx:load", holdTurnedButtons);
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest("[aria-disabled]")) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

// A hidden tab does not poll; one that becomes visible polls at once.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-poll]")) event.preventDefault();
});
// The answer to a poll is dropped if its place has gone: the element that polled was replaced, or a pressed button
// waits for an answer of its own, whose row must stay. The next poll brings the same news.
function dropLateAnswer(event) {
  const element = event.currentTarget;
  const isPressPending = document.querySelector(".htmx-request[data-hx-post]");
  if (event.detail.requestConfig.elt !== element) return;
  if (!element.isConnected || isPressPending) event.detail.shouldSwap = false;
}
// Events of an element that was replaced reach no other element, so each element listens itself.
function watchPolls() {
  for (const element of document.querySelectorAll("[data-poll]")) {
    element.addEventListener("htmx:beforeSwap", dropLateAnswer);
  }
}
watchPolls();
document.addEventListener("htmx:load", watchPolls);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-poll]")) htmx.trigger(element, "seen");
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!event.target.matches("[data-poll]")) announce(document.body.dataset.errorText, true);
  });
}

// The server answers so when the session has ended; the page stays as it was and says so.
document.addEventListener("signed-out", () => {
  document.getElementById("signed-out").hidden = false;
});

document.addEventListener("click", (event) => {
  closeMenusOutside(event.target);
  if (event.target.closest("[data-help]")) showHelp();
  if (event.target.closest("[data-print]")) print();
  const source = event.target.closest("[data-copy]");
  if (source) {
    if (source.href) event.preventDefault();
    copyText(source.dataset.copy || new URL(source.href, location.href).href);
  }
});

function closeMenusOutside(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

// The suggestions below a search field: arrow keys walk through them, Escape and leaving close them.
function walkSuggestions(event) {
  const box = event.target.closest(".suggest");
  const list = box?.querySelector(".suggestions");
  if (!list) return;
  const stops = [box.querySelector("input"), ...list.querySelectorAll("a")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    stops[stops.indexOf(document.activeElement) + step]?.focus();
  } else if (event.key === "Escape") {
    event.stopImmediatePropagation();
    list.remove();
    stops[0].focus();
  }
}
document.addEventListener("keydown", walkSuggestions);
function closeSuggestionsOutside(event) {
  for (const list of document.querySelectorAll(".suggestions")) {
    if (!list.closest(".suggest").contains(event.target)) list.remove();
  }
}
document.addEventListener("focusin", closeSuggestionsOutside);
document.addEventListener("pointerdown", closeSuggestionsOutside);

function showHelp() {
  document.getElementById("help").showModal();
}

async function copyText(text) {
  const isCopied = await writeClipboard(text);
  announce(isCopied ? document.body.dataset.copiedText : document.body.dataset.notCopiedText, true);
  setTimeout(() => announcer.removeAttribute("data-shown"), isCopied ? 1500 : 6000);
}

// Browsers give pages without TLS no clipboard; there, a selected field is copied.
async function writeClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelectedText(text);
  }
}

function copySelectedText(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  field.readOnly = true;
  (focused?.closest("dialog") ?? document.body).append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return isCopied;
}

// The first link or button of a row opens it; j and k move from row to row.
function focusRow(offset) {
  const allRows = [...document.querySelectorAll("main tbody tr:not(.group, .inset)")];
  const rows = allRows.filter((row) => row.querySelector("a, button"));
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const start = offset > 0 ? 0 : rows.length - 1;
  const row = rows[current < 0 ? start : current + offset];
  row?.querySelector("a, button").focus();
}

function focusSearch() {
  const field = document.querySelector("main input[type=search]") ?? document.getElementById("search");
  field?.focus();
}

// Close the open menu, else what is opened around the focus, else leave the field.
function closeOpened() {
  const menu = document.querySelector("details.menu[open]");
  // What is opened is the first row of a table body; the other rows of the body belong to it.
  const closeLink = document.activeElement?.closest("tbody:has([data-close])")?.querySelector("[data-close]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (closeLink) {
    closeLink.click();
  } else if (document.activeElement?.matches("input, select")) {
    document.activeElement.blur();
  }
}

const keyActions = {
  "/": focusSearch,
  j: () => focusRow(1),
  k: () => focusRow(-1),
  "?": showHelp,
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return closeOpened();
  if (event.target.matches("input, select, textarea")) return;
  const action = keyActions[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
