// <form data-preview="/address">: what is typed is sent there a moment later, and the answer takes the place of the
// element with the same id. Nothing is saved by that.
const QUIET_MS = 400;

export function previews(root) {
  for (const form of root.querySelectorAll('form[data-preview]')) {
    let wait = 0;
    let turn = 0;
    form.addEventListener('input', () => {
      clearTimeout(wait);
      wait = setTimeout(async () => {
        const mine = ++turn;
        const answer = await fetch(form.dataset.preview, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
        if (!answer.ok || mine !== turn) return;
        const part = new DOMParser().parseFromString(await answer.text(), 'text/html').body.firstElementChild;
        if (part) document.getElementById(part.id)?.replaceWith(part);
      }, QUIET_MS);
    });
  }
}
