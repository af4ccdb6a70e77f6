// <a href="/contacts/…/erase" data-confirm>: the link leads to a page that asks. With this script the
// same question, taken from that page, stands in a dialog. If it cannot be fetched, the link is followed.
export function confirmLinks(root) {
  for (const link of root.querySelectorAll('a[data-confirm]')) {
    link.addEventListener('click', async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      await askAt(link.href, () => focusAgain(link));
    });
  }
}

// Shows the question of the page at `href`; `after` is called when it was closed without an answer.
export async function askAt(href, after) {
  const question = await fetchQuestion(href).catch(() => null);
  if (question) ask(question, after);
  else location.assign(href);
}

async function fetchQuestion(href) {
  const answer = await fetch(href, { headers: { accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return page.getElementById('confirm');
}

// The link, or the button of the menu it stood in, which has closed meanwhile.
function focusAgain(link) {
  const menu = link.closest('[popover]');
  const from = link.offsetParent ? link : document.querySelector(`[popovertarget="${CSS.escape(menu?.id ?? '')}"]`);
  from?.focus();
}

// The page below has the first heading; that of the question comes second.
function belowThePage(heading) {
  if (!heading) return;
  const second = document.createElement('h2');
  second.id = heading.id;
  second.append(...heading.childNodes);
  heading.replaceWith(second);
}

function ask(question, after) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'confirm-question');
  dialog.append(document.importNode(question, true));
  belowThePage(dialog.querySelector('h1'));
  dialog.querySelector('[data-close]')?.addEventListener('click', (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    after();
  });
  document.body.append(dialog);
  dialog.showModal();
  // The safe way out is what Enter and Space reach first.
  dialog.querySelector('[data-close]')?.focus();
}
