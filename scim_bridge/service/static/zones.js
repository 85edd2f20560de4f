// Times in the reader's own zone. The server writes UTC, and UTC stays as the title.

const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });

/** Rewrites every `<time class="clock">` below `root`. */
export function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time.clock")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) time.textContent = format.format(moment);
  }
}
