// Filters a list while a reader types. Without it, the form's button does the same.
import { show } from "./swap.js";

const PAUSE = 350; // milliseconds without a key

/** For every form that is marked with `data-filter`, also those that come later. */
export function filterAsYouType() {
  let waiting = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-filter]");
    if (!form) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => search(form), event.target.matches("select") ? 0 : PAUSE);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-filter]")) return;
    event.preventDefault();
    clearTimeout(waiting);
    search(event.target);
  });
}

function search(form) {
  const url = new URL(form.action || location.href);
  const asked = [...new FormData(form)].filter(([, value]) => value !== "");
  url.search = new URLSearchParams(asked).toString();
  history.replaceState(null, "", url);
  show(url);
}
