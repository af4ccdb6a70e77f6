// The calendar of the team. A block that may move carries [data-movable], the address of the question about its move,
// and [data-minutes]. Dragged with a mouse or a pen, or with M, arrows and Enter, it is shown where it would go, by the
// quarter of an hour. Then the server's own question stands in a dialog, with what speaks against that time; nothing
// has moved before it is answered. Without this script the form on the booking's page does the same.
import { askAt } from './confirm.js';

const STEP_MINUTES = 15;
const DRAG_BEGINS_PX = 5;
const EDGE_PX = 28;
const HINT = 'Arrows choose the time, Enter asks, Escape leaves it.';

export function moveBookings(root) {
  for (const grid of root.querySelectorAll('.cal-grid')) {
    grid.addEventListener('dragstart', (event) => event.preventDefault());
    grid.addEventListener('pointerdown', (event) => watchDrag(grid, event));
    grid.addEventListener('keydown', (event) => moveByKey(grid, event));
    grid.addEventListener('focusout', () => grid.lifted?.byKey && put(grid));
  }
}

// Left and right open what lies before and after, wherever nothing else uses the arrows.
export function calendarKeys(root) {
  if (root.documentElement.dataset.keys === 'off') return;
  root.addEventListener('keydown', (event) => {
    const side = { ArrowLeft: '[data-calendar-prev]', ArrowRight: '[data-calendar-next]' }[event.key];
    if (!side || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest('input, select, textarea, [contenteditable], dialog')) return;
    root.querySelector(side)?.click();
  });
}

// ---- where a block stands ----

const two = (number) => String(number).padStart(2, '0');
const days = (grid) => [...grid.querySelectorAll('.cal-day')];

function shownMinutes(grid) {
  const first = Number(grid.dataset.firstHour) * 60;
  const quarters = Number(getComputedStyle(grid).getPropertyValue('--quarters'));
  return { first, last: first + quarters * STEP_MINUTES };
}

function standsAt(block) {
  const [, hours, minutes] = block.className.match(/\bat-(\d\d)(\d\d)\b/);
  return { day: block.closest('.cal-day'), minute: Number(hours) * 60 + Number(minutes) };
}

// ---- lifted, moved about, put down ----

function lift(grid, block, byKey) {
  const ghost = block.cloneNode(true);
  for (const name of ['href', 'data-movable', 'aria-keyshortcuts', 'aria-description']) ghost.removeAttribute(name);
  ghost.setAttribute('aria-hidden', 'true');
  block.classList.add('lifted');
  grid.lifted = { block, ghost, byKey, at: standsAt(block) };
  show(grid, grid.lifted.at);
  return grid.lifted;
}

function show(grid, at) {
  const { lifted } = grid;
  const { first, last } = shownMinutes(grid);
  const length = Number(lifted.block.dataset.minutes);
  const quarters = Math.max(1, Math.ceil(length / STEP_MINUTES));
  const minute = Math.min(Math.max(at.minute, first), last - quarters * STEP_MINUTES);
  lifted.at = { day: at.day, minute };
  const [hours, rest] = [Math.floor(minute / 60), minute % 60];
  lifted.time = `${two(hours)}:${two(rest)}`;
  lifted.ghost.className = `ev ev-ghost at-${two(hours)}${two(rest)} for-${quarters * STEP_MINUTES}`;
  lifted.ghost.querySelector('span').textContent = `to ${hours}:${two(rest)}`;
  if (lifted.ghost.parentElement !== at.day) at.day.append(lifted.ghost);
}

function put(grid) {
  grid.lifted?.ghost.remove();
  grid.lifted?.block.classList.remove('lifted');
  grid.lifted = null;
}

async function ask(grid) {
  const { lifted } = grid;
  const query = new URLSearchParams({ date: lifted.at.day.dataset.date, time: lifted.time, back: grid.dataset.back });
  lifted.byKey = false; // It stays where it is shown while the dialog has the focus.
  say('Looking whether that time is free.');
  await askAt(`${lifted.block.dataset.movable}?${query}`, () => {
    put(grid);
    lifted.block.focus();
    say('It stays where it was.');
  });
}

function say(words) {
  const line = document.getElementById('calendar-said');
  if (line) line.textContent = words;
}

// ---- by keys ----

function moveByKey(grid, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const block = event.target.closest('[data-movable]');
  if (!grid.lifted?.byKey) {
    if (!block || event.key.toUpperCase() !== 'M') return;
    take(event);
    lift(grid, block, true);
    return say(`${block.querySelector('b').textContent}. ${HINT}`);
  }
  const { at } = grid.lifted;
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  if (event.key === 'Enter') {
    take(event);
    ask(grid);
  } else if (event.key === 'Escape') {
    take(event);
    put(grid);
    say('It stays where it was.');
  } else if (steps) {
    take(event);
    const all = days(grid);
    const day = all[all.indexOf(at.day) + steps[0]] ?? at.day;
    show(grid, { day, minute: at.minute + steps[1] * STEP_MINUTES });
    grid.lifted.ghost.scrollIntoView({ block: 'nearest' });
    say(`${grid.lifted.at.day.dataset.name}, ${grid.lifted.time}`);
  }
}

function take(event) {
  event.preventDefault();
  event.stopPropagation();
}

// ---- by pointer ----

function watchDrag(grid, down) {
  const block = down.target.closest('[data-movable]');
  // A finger scrolls; it opens the booking, whose page has the form.
  if (!block || down.button !== 0 || down.pointerType === 'touch') return;
  const grabbed = down.clientY - block.getBoundingClientRect().top;
  const watch = new AbortController();
  const on = (name, act) => window.addEventListener(name, act, { signal: watch.signal });
  on('pointermove', (event) => {
    const far = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > DRAG_BEGINS_PX;
    if (!grid.lifted && far) lift(grid, block, false);
    if (grid.lifted) drag(grid, event, grabbed);
  });
  on('pointerup', () => {
    watch.abort();
    if (!grid.lifted) return;
    swallowClick();
    ask(grid);
  });
  const leave = () => {
    watch.abort();
    put(grid);
  };
  on('pointercancel', leave);
  on('keydown', (event) => event.key === 'Escape' && leave());
}

function drag(grid, event, grabbed) {
  const scroll = grid.closest('.cal-scroll');
  const edges = scroll.getBoundingClientRect();
  if (event.clientY < edges.top + EDGE_PX) scroll.scrollTop -= EDGE_PX / 2;
  if (event.clientY > edges.bottom - EDGE_PX) scroll.scrollTop += EDGE_PX / 2;
  const all = days(grid);
  const day = all.find((one) => event.clientX < one.getBoundingClientRect().right) ?? all.at(-1);
  const box = day.getBoundingClientRect();
  const { first, last } = shownMinutes(grid);
  const minute = first + ((event.clientY - grabbed - box.top) / box.height) * (last - first);
  show(grid, { day, minute: Math.round(minute / STEP_MINUTES) * STEP_MINUTES });
}

// The click that ends a drag opens nothing.
function swallowClick() {
  window.addEventListener('click', take, { capture: true, once: true });
  setTimeout(() => window.removeEventListener('click', take, { capture: true }));
}
