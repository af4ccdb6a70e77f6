// <a href="/contacts/…/erase" data-confirm>: the link leads to a page that asks. With this script the
// same question, taken from that page, stands in a dialog. If it cannot be fetched, the link is followed.
export function confirmLinks(root) {
  for (const link of root.querySelectorAll('a[data-confirm]')) {
    link.addEventListener('click', async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const question = await fetchQuestion(link.href).catch(() => null);
      if (question) ask(question);
      else location.assign(link.href);
    });
  }
}

async function fetchQuestion(href) {
  const answer = await fetch(href, { headers: { accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return page.getElementById('confirm');
}

function ask(question) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'confirm-question');
  dialog.append(document.importNode(question, true));
  dialog.querySelector('[data-close]')?.addEventListener('click', (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  // The safe way out is what Enter and Space reach first.
  dialog.querySelector('[data-close]')?.focus();
}
