// Keeps an open page up to date. The server tells what has changed; the page then fetches itself again.
import { isBusy, show } from "./swap.js";

const SOON = 300; // milliseconds; several changes at once are one fetch
const SPREAD = 1200; // so that two hundred open pages do not ask in the same instant
const LATER = 3000; // while a reader is busy

let waiting = 0;

/** Listens for as long as the page is open, where the server has a stream of events. */
export function followEvents() {
  const source = document.body.dataset.events;
  if (!source) return;
  const events = new EventSource(source);
  events.addEventListener("changed", (event) => {
    if (isAbout(JSON.parse(event.data).connection)) again(SOON + Math.random() * SPREAD);
  });
  events.addEventListener("order", () => {
    if (document.querySelector("main [data-orders]")) again(SOON);
  });
  events.addEventListener("run", (event) => move(JSON.parse(event.data)));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting === -1) again(0);
  });
}

function isAbout(connection) {
  const mine = document.querySelector("main [data-connection]")?.dataset.connection;
  return !mine || !connection || mine === connection;
}

function again(delay) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (document.hidden) waiting = -1; // fetched when someone looks
    else if (isBusy()) again(LATER);
    else show(location.href);
  }, delay);
}

/** The bar of a run in progress, without a fetch; a run that the page does not show yet is fetched. */
function move({ id, connection, done, total }) {
  const card = document.querySelector(`main [data-run="${Number(id)}"]`);
  if (!card) {
    if (document.querySelector("main [data-connection]")?.dataset.connection === connection) again(SOON);
    return;
  }
  const bar = card.querySelector("progress");
  const number = new Intl.NumberFormat(document.documentElement.lang);
  if (total) {
    bar.max = total;
    bar.value = done;
  }
  card.querySelector("[data-done]").textContent = total ? `${number.format(done)} / ${number.format(total)}` : number.format(done);
}
