// <body data-live="/live/…">: server-sent events keep the page true.
// `fragment`: HTML; each top element replaces the one with the same id.
// `changed`:  ids, one a line; each of these elements fetches its own data-src and takes the element
//             with the same id from the answer.
// `new`:      "replies 3" shows "3 new" in the button [data-new="replies"], which opens the page again;
//             a list that is being read does not move by itself.
// `count`:    "/approvals 7" sets the counters [data-count="/approvals"]; 0 hides them.
// What is under a person's hands stays until focus and pointer have left it. A changed element is
// tinted for 2 seconds. A page in the background holds no connection; it catches up when it is seen again.
const TINTED_MS = 2000;
const ASK_AGAIN_MS = 15_000;

export function live(root, bind) {
  const address = root.body.dataset.live;
  if (!address) return;
  const line = root.querySelector('[data-offline]');
  let source = null;
  let lostAt = null;
  let behind = false;

  const open = () => {
    source = new EventSource(address);
    source.addEventListener('open', () => {
      if (behind) refetch(root.querySelectorAll('[data-src]'), bind);
      behind = false;
      lostAt = null;
      line.hidden = true;
    });
    source.addEventListener('error', () => {
      behind = true;
      lostAt ??= new Date();
      sayLost(line, lostAt);
    });
    source.addEventListener('fragment', (event) => replaceAll(parse(event.data), bind));
    source.addEventListener('changed', (event) => {
      const named = event.data.split('\n').map((id) => root.getElementById(id));
      refetch(
        named.filter((element) => element?.dataset.src),
        bind,
      );
    });
    source.addEventListener('new', (event) => showNew(root, ...event.data.split(' ')));
    source.addEventListener('count', (event) => setCount(root, ...event.data.split(' ')));
  };

  root.addEventListener('visibilitychange', () => {
    source?.close();
    source = null;
    if (root.hidden) behind = true;
    else open();
  });
  if (!root.hidden) open();
}

function sayLost(line, since) {
  const time = since.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
  line.textContent = `No connection since ${time}. What you write is kept here.`;
  line.hidden = false;
}

function parse(html) {
  return new DOMParser().parseFromString(`<body>${html}`, 'text/html').body;
}

function replaceAll(body, bind) {
  for (const fresh of [...body.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    if (old) whenFree(old, () => replace(fresh, bind));
  }
}

async function refetch(elements, bind) {
  for (const old of elements) {
    const answer = await fetch(old.dataset.src, { headers: { accept: 'text/html' } }).catch(() => null);
    if (!answer?.ok) {
      setTimeout(() => refetch([old], bind), ASK_AGAIN_MS);
      continue;
    }
    const fresh = parse(await answer.text()).querySelector(`#${CSS.escape(old.id)}`);
    if (fresh) whenFree(old, () => replace(fresh, bind));
  }
}

function whenFree(element, act) {
  const pointed = element.matches(':hover');
  if (!pointed && !element.contains(document.activeElement)) return act();
  const again = () => setTimeout(() => whenFree(element, act));
  element.addEventListener(pointed ? 'pointerleave' : 'focusout', again, { once: true });
}

function replace(fresh, bind) {
  const element = document.importNode(fresh, true);
  document.getElementById(fresh.id)?.replaceWith(element);
  bind(element);
  element.classList.add('changed');
  setTimeout(() => element.classList.remove('changed'), TINTED_MS);
}

function showNew(root, list, number) {
  const button = root.querySelector(`[data-new="${CSS.escape(list)}"]`);
  if (!button) return;
  button.textContent = `${number} new`;
  button.hidden = false;
  button.onclick = () => location.reload();
}

function setCount(root, place, number) {
  for (const counter of root.querySelectorAll(`[data-count="${CSS.escape(place)}"]`)) {
    counter.lastChild.textContent = number;
    counter.hidden = number === '0';
  }
  const waiting = root.querySelector('.nav .count-flare:not([hidden])');
  root.title = root.title.replace(/^\(\d+\) /, '');
  if (waiting) root.title = `(${waiting.lastChild.textContent}) ${root.title}`;
}
