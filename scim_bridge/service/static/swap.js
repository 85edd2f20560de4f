// Shows a page again without leaving it: what is in `main` is replaced by what the server says now.

const afterwards = [];
let latest = 0;

/** `then` is called with the new `main` after each swap. */
export function whenSwapped(then) {
  afterwards.push(then);
}

/** Fetches `url` and shows its `main`. What a reader has opened, typed or focused stays as it is. */
export async function show(url) {
  const mine = ++latest;
  const answer = await fetch(url, { headers: { accept: "text/html" } }).catch(() => null);
  if (answer === null || mine !== latest) return;
  if (answer.redirected) {
    location.reload(); // the session has ended; the server leads on
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("main");
  const now = document.querySelector("main");
  if (mine !== latest || next === null || now === null) return;
  const kept = remember(now);
  now.replaceWith(next);
  document.title = page.title;
  for (const then of afterwards) then(next);
  restore(next, kept);
}

function remember(main) {
  const field = main.contains(document.activeElement) ? document.activeElement : null;
  return {
    opened: [...main.querySelectorAll("details")].map((one) => [one.open, one.querySelector("summary")?.textContent]),
    field: field && { name: field.name, id: field.id, value: field.value, at: field.selectionStart },
  };
}

function restore(main, kept) {
  main.querySelectorAll("details").forEach((one, place) => {
    const [open, summary] = kept.opened[place] ?? [];
    if (summary === one.querySelector("summary")?.textContent) one.open = open;
  });
  if (!kept.field) return;
  const { name, id, value, at } = kept.field;
  const field = (id && document.getElementById(id)) || (name && main.querySelector(`[name="${CSS.escape(name)}"]`));
  if (!field) return;
  if (typeof value === "string" && field.matches("input, textarea")) field.value = value;
  field.focus({ preventScroll: true });
  if (at !== null && at !== undefined && field.matches("[type=search], [type=text], textarea")) field.setSelectionRange(at, at);
}

/** Whether a swap now would take something out of a reader's hands: an open panel, or a text that is being written. */
export function isBusy() {
  if (document.querySelector("dialog[open], [popover]:popover-open")) return true;
  const field = document.activeElement;
  return field !== null && field.matches("main textarea, main input:not([type=search]), main select");
}
