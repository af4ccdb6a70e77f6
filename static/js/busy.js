// A form that has been sent shows it in the button that sent it: a ring, the verb of
// data-busy-words ("Sending…"), the width kept. A second press does nothing.
export function busyForms(root) {
  for (const form of root.querySelectorAll('form[method="post"]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = 'yes';
      // After this turn, so that the pressed button's own name and value still travel.
      setTimeout(() => markBusy(event.submitter));
    });
  }
}

function markBusy(button) {
  if (!button) return;
  const words = button.querySelector('span') ?? button;
  button.style.minInlineSize = `${button.offsetWidth}px`;
  button.dataset.before = words.textContent;
  if (button.dataset.busyWords) words.textContent = button.dataset.busyWords;
  button.dataset.busy = 'yes';
  button.setAttribute('aria-disabled', 'true');
}

// The browser shows the page again as it was left; nothing is on its way any more.
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  for (const button of document.querySelectorAll('[data-busy]')) {
    (button.querySelector('span') ?? button).textContent = button.dataset.before;
    delete button.dataset.busy;
    button.removeAttribute('aria-disabled');
  }
});
