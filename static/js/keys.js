// A key presses a button or link that is visible and shows the same letter in its <kbd>. `G` and a
// letter go to the place with that data-goto, `J` `K` move through a list of [data-keys-list], `Enter`
// opens by itself, `X` ticks, `/` finds (here, else among the contacts), `?` lists the keys. Never while typing; all off by
// <html data-keys="off"> (WCAG 2.1.4).
const GOTO_WAITS_MS = 1200;
const typing = (element) =>
  element.closest('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]');
const visible = (element) => element.offsetParent !== null && !element.matches(':disabled, [aria-disabled="true"]');

export function keys(root) {
  if (root.documentElement.dataset.keys === 'off') return;
  let gotoUntil = 0;
  for (const button of root.querySelectorAll('[data-show-keys]')) {
    button.hidden = false;
    button.addEventListener('click', () => showList(root));
  }
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return sendForm(event);
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (root.querySelector('dialog[open]')) return;
    const key = event.key.toUpperCase();
    const goes = event.timeStamp < gotoUntil;
    gotoUntil = key === 'G' && !goes ? event.timeStamp + GOTO_WAITS_MS : 0;
    if (gotoUntil) return;
    const done = goes ? goTo(root, key) : act(root, key);
    if (done) event.preventDefault();
  });
}

function act(root, key) {
  if (key === '?') return showList(root);
  if (key === '/') return find(root);
  if (key === 'J' || key === 'K') return move(root, key === 'J' ? 1 : -1);
  return press(root, key) || (key === 'X' && tick(root));
}

// The search field of this page, else that of the contacts, where the fragment puts the focus into it.
function find(root) {
  const field = [...root.querySelectorAll('input[type="search"]')].find(visible);
  if (field) return focus(field);
  const contacts = root.querySelector('a[data-goto][href="/contacts"]');
  if (contacts) location.assign(`${contacts.href}#q`);
  return Boolean(contacts);
}

function press(root, key) {
  const shown = [...root.querySelectorAll('a kbd, button kbd')].filter(
    (kbd) => kbd.textContent.trim().toUpperCase() === key,
  );
  const target = shown.map((kbd) => kbd.closest('a, button')).find(visible);
  target?.click();
  return Boolean(target);
}

function goTo(root, key) {
  const place = root.querySelector(`a[data-goto="${CSS.escape(key)}"]`);
  if (place) location.assign(place.href);
  return Boolean(place);
}

function move(root, by) {
  const rows = [...root.querySelectorAll('[data-keys-list] > :is(li, a, tr)')].filter(visible);
  const links = rows.map((row) => (row.matches('a') ? row : row.querySelector('a'))).filter(Boolean);
  const here = links.findIndex((link) => link === document.activeElement || link.matches('[aria-current]'));
  const next = links[here + by] ?? (here === -1 ? links[0] : null);
  next?.scrollIntoView({ block: 'nearest' });
  return focus(next);
}

function tick(root) {
  const box = document.activeElement?.closest('tr, li')?.querySelector('input[type="checkbox"]');
  box?.click();
  return Boolean(box);
}

function focus(element) {
  element?.focus();
  return Boolean(element);
}

// Ctrl+Enter sends the form that is being written in, with its first button.
function sendForm(event) {
  const form = event.target.closest('form');
  if (!form) return;
  event.preventDefault();
  form.requestSubmit();
}

// The list shows the keys of this page from the buttons that carry them.
function showList(root) {
  const dialog = root.getElementById('keys-list');
  if (!dialog) return false;
  const list = dialog.querySelector('[data-page-keys]');
  const rows = [...root.querySelectorAll('main a kbd, main button kbd')].filter((kbd) =>
    visible(kbd.closest('a, button')),
  );
  list.replaceChildren(...rows.flatMap(keyRow));
  if (root.querySelector('[data-keys-list]')) list.append(...pair('J K', 'Next, previous'));
  list.previousElementSibling.hidden = list.childElementCount === 0;
  dialog.showModal();
  return true;
}

function keyRow(kbd) {
  const button = kbd.closest('a, button');
  const words = [...button.childNodes].filter((node) => node !== kbd).map((node) => node.textContent);
  return pair(kbd.textContent, button.ariaLabel ?? words.join('').trim());
}

function pair(keyNames, words) {
  const [term, meaning] = [document.createElement('dt'), document.createElement('dd')];
  for (const name of keyNames.split(' ')) {
    const kbd = document.createElement('kbd');
    kbd.textContent = name;
    term.append(kbd, ' ');
  }
  meaning.textContent = words;
  return [term, meaning];
}
