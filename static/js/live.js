// <body data-live="/live/…">: server-sent events keep the page true.
// Event `fragment`: its data is HTML; each top element replaces the one with the same id.
// Event `changed`:  its data is ids, one a line; each of these elements fetches its own data-src
//                   and takes the element with the same id from the answer.
// Event `count`:    "/approvals 7" sets the counters [data-count="/approvals"]; 0 hides them.
// What is being read stays: an element with the focus or the pointer inside waits until both have left,
// and new entries of a list wait behind its [data-new] line. A changed element is tinted for 2 seconds.
const TINTED_MS = 2000;
const ASK_AGAIN_MS = 15_000;

export function live(root, bind) {
  const address = root.body.dataset.live;
  const line = root.querySelector('[data-offline]');
  if (!address) return;
  const source = new EventSource(address);
  let lostAt = null;
  source.addEventListener('open', () => {
    if (lostAt) refetch(root.querySelectorAll('[data-src]'), bind);
    lostAt = null;
    if (line) line.hidden = true;
  });
  source.addEventListener('error', () => {
    lostAt ??= new Date();
    if (line) sayLost(line, lostAt);
  });
  source.addEventListener('fragment', (event) => replaceAll(parse(event.data), bind));
  source.addEventListener('changed', (event) => {
    const changed = event.data
      .split('\n')
      .map((id) => root.getElementById(id))
      .filter((element) => element?.dataset.src);
    refetch(changed, bind);
  });
  source.addEventListener('count', (event) => setCount(root, ...event.data.split(' ')));
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
    if (old) whenFree(old, () => replace(document.getElementById(fresh.id), fresh, bind));
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
    if (fresh) whenFree(old, () => replace(document.getElementById(old.id), fresh, bind));
  }
}

// Nothing moves under a person's hands: replaced at once, or when focus and pointer have left.
function whenFree(element, act) {
  if (!element.contains(document.activeElement) && !element.matches(':hover')) return act();
  const retry = () => whenFree(element, act);
  element.addEventListener(element.matches(':hover') ? 'pointerleave' : 'focusout', () => setTimeout(retry), {
    once: true,
  });
}

function replace(old, fresh, bind) {
  if (!old) return;
  const element = document.importNode(fresh, true);
  old.replaceWith(element);
  bind(element);
  element.classList.add('changed');
  setTimeout(() => element.classList.remove('changed'), TINTED_MS);
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
