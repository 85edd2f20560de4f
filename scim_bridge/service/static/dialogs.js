// Asks once more before what is hard to undo, and lets no form be sent twice.

/** For forms with `data-confirm`; a button with `data-plain` is sent without the question. */
export function askBeforeSubmit() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.dataset.confirm && !event.submitter?.hasAttribute("data-plain") && !form.dataset.agreed) {
      event.preventDefault();
      ask(form, event.submitter);
      return;
    }
    form.dataset.sent = "yes";
  });
  // A page that the browser brings back from its memory may send its forms again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}

function ask(form, button) {
  const dialog = document.getElementById("confirm").content.firstElementChild.cloneNode(true);
  dialog.querySelector("p").textContent = form.dataset.confirm;
  dialog.querySelector("[value=yes]").textContent = button?.textContent.trim() ?? "";
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue !== "yes") return;
    form.dataset.agreed = "yes";
    form.requestSubmit(button);
  });
  document.body.append(dialog);
  dialog.showModal();
}
