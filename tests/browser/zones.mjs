// Books, moves and cancels in Chromium as a visitor does, in three zones, with scripts on and off, over the weekend in
// which the host's clocks change. What must be shown is computed here, from the browser engine's own zones.
import { parseArgs } from 'node:util';
import { carryOut, expect, report } from './deed.mjs';
import { launch } from './launch.mjs';
import { changeOf, clock, dateIn, instantOf, nearest, plus, weekday } from './wall-time.mjs';

const USAGE = 'CHECK_API_KEY=… node zones.mjs --base URL [--chromium FILE]';
// One that changes on another day, one that never changes, one on the other side of the date line.
const VISITORS = ['America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'];
// The clocks of one of them change within half a year of any day, which is as far as calendars are read.
const HOSTS = ['Europe/London', 'America/Santiago'];
// The demo's clock may be ahead of this one.
const [NEAREST_DAYS, FARTHEST_DAYS] = [14, 172];
// The demo's business.
const BUSINESS = '/b/fernhill-heat-pumps';
const HALF_HOUR = 30;
const [OPENS, CLOSES] = ['09:00', '17:00'];
const WORKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'];

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { base: text, chromium: text } });
if (!options.base || !process.env.CHECK_API_KEY) {
  console.error(USAGE);
  process.exit(2);
}

// ---- what is open ----

async function api(method, path, body) {
  const headers = { authorization: `Bearer ${process.env.CHECK_API_KEY}`, 'content-type': 'application/json' };
  const answer = await fetch(new URL(path, options.base), { method, headers, body: body && JSON.stringify(body) });
  const value = await answer.json();
  expect(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(value)}`);
  return value;
}

/** Opens half hours of workdays in the host's zone, from a week before the change to a week after it. */
async function openHalfHours(zone, change) {
  const { data: [workspace, host] } = await api('GET', '/v1/availability');
  expect(workspace.owner === 'workspace' && host, 'nobody hosts');
  const name = `Hours in ${zone}`;
  const own = { name, time_zone: zone, weekly_hours: Object.fromEntries(WORKDAYS.map((day) => [day, [[OPENS, CLOSES]]])) };
  const kept = host.schedules.filter((schedule) => schedule.name !== name);
  const { owner, ...times } = { ...host, schedules: [...kept, own] };
  const { schedules } = await api('PUT', `/v1/availability/${owner}`, times);
  const schedule_id = schedules.find((schedule) => schedule.name === name).id;
  return api('POST', '/v1/event-types', {
    name: 'Over the change', slug: `change-${Date.now().toString(36)}`, durations: [HALF_HOUR], step: HALF_HOUR, minimum_notice: 0, hosts: [{ user_id: owner, schedule_id }],
    horizon: { type: 'range', from: plus(change, -7), to: plus(change, 7) }, location: { kind: 'place', text: 'Mill Lane 1' },
  });
}

/** All starts of the host within a date of the visitor's zone. */
function startsOn(date, hostZone, zone) {
  const all = [];
  for (const day of [plus(date, -1), date, plus(date, 1)].filter((day) => WORKDAYS.includes(weekday(day)))) {
    for (let minute = 9 * 60; minute < 17 * 60; minute += HALF_HOUR) {
      all.push(instantOf(day, `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`, hostZone));
    }
  }
  return all.filter((start) => dateIn(start, zone) === date);
}

const utc = (instant) => `${new Date(instant).toISOString().slice(0, 19)}Z`;

// ---- one visitor ----

/** The page of times in the visitor's zone: scripts find it out, without them it is chosen. */
async function openTimes(page, visitor) {
  await page.goto(new URL(`${visitor.path}?month=${visitor.friday.slice(0, 7)}`, options.base).href);
  if (visitor.scripts) {
    await page.waitForURL(/[?&]tz=/);
  } else {
    const [named] = await page.locator('#tz option').filter({ hasText: visitor.zone.replaceAll('_', ' ') }).all();
    expect(named, `${visitor.zone} cannot be chosen`);
    await page.selectOption('#tz', await named.getAttribute('value'));
    await go(page, page.getByRole('button', { name: 'Show', exact: true }));
  }
  return page.inputValue('#tz');
}

async function go(page, link) {
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), link.click()]);
}

/** Opens a date, leafing to its month; the times there must be exactly those of the host. */
async function openDate(page, visitor, start) {
  const date = dateIn(start, visitor.zone);
  const day = page.locator(`.month a[href*="day=${date}"]`);
  for (let month = 0; month < 2 && !(await day.count()); month += 1) {
    await go(page, page.locator('.month-head a[href]').last());
  }
  expect(await day.count(), `${date} is not offered to ${visitor.zone}`);
  await go(page, day);
  const shown = await page.locator('button[name="start"]').evaluateAll((all) => all.map((it) => [it.value, it.textContent.trim()]));
  const right = startsOn(date, visitor.host, visitor.zone).map((at) => [utc(at), clock(at, visitor.zone)]);
  expect(shown.length > 0 && shown.every(([value, words]) => right.some(([at, its]) => at === utc(Date.parse(value)) && its === words)),
    `${date} shows ${JSON.stringify(shown)} instead of ${JSON.stringify(right)}`);
  const slot = page.locator(`button[name="start"][value^="${utc(start).slice(0, 16)}"]`);
  expect(await slot.count(), `${utc(start)} is not offered on ${date}`);
  await go(page, slot);
}

async function saysWhen(page, visitor, start) {
  const said = (await page.locator('dl.kv dd').first().textContent()).replace(/\s+/g, ' ');
  const day = Number(dateIn(start, visitor.zone).slice(8));
  const [begins, ends] = [start, start + HALF_HOUR * 60_000].map((at) => clock(at, visitor.zone).replace(/^0/, ''));
  for (const words of [` ${day} `, `${begins}–${ends} (`]) {
    expect(said.includes(words), `the booking says “${said}”, which lacks “${words}”`);
  }
  const file = await page.request.get(`${page.url().split('?')[0]}/calendar.ics`);
  const line = `DTSTART:${utc(start).replace(/[-:]/g, '')}`;
  expect((await file.text()).includes(line), `the file for the calendar lacks ${line}`);
}

const heading = (page) => page.locator('[role="status"] .badge').first().textContent();

async function bookMoveAndCancel(browser, visitor) {
  const context = await browser.newContext({ timezoneId: visitor.zone, javaScriptEnabled: visitor.scripts, locale: 'en-GB' });
  try {
    const page = await context.newPage();
    const zone = await openTimes(page, visitor);
    expect(clock(visitor.before, zone) === clock(visitor.before, visitor.zone), `${visitor.zone} is shown as ${zone}`);
    await openDate(page, visitor, visitor.before);
    const form = await page.locator('#det').textContent();
    expect(form.includes(clock(visitor.before, visitor.zone).replace(/^0/, '')), `the form says ${form}`);
    await page.fill('[name="name"]', visitor.name);
    await page.fill('[name="email"]', `${visitor.name.replace(' ', '.')}@elsewhere.example`);
    await go(page, page.locator('form button.btn-primary'));
    expect(page.url().includes('/booking/'), `booking ended at ${page.url()}`);
    await saysWhen(page, visitor, visitor.before);
    await go(page, page.locator('.acts a[href*="move="]'));
    await openDate(page, visitor, visitor.after);
    const question = await page.locator('h1').textContent();
    for (const at of [visitor.before, visitor.after]) {
      expect(question.includes(clock(at, visitor.zone).replace(/^0/, '')), `before it moves it asks “${question}”`);
    }
    await go(page, page.locator('form button.btn-primary'));
    expect((await page.locator('.note-ok').textContent()).includes('Moved to'), 'nothing says that it was moved');
    await saysWhen(page, visitor, visitor.after);
    await go(page, page.locator('.acts a[href$="/cancel"]'));
    await go(page, page.locator('form button.btn-danger-fill'));
    expect((await heading(page)).includes('Cancelled'), `after cancelling it is “${await heading(page)}”`);
    await isOnRecord(visitor);
  } finally {
    await context.close();
  }
}

/** What members see of it: cancelled at the time after the change, and both times are free again. */
async function isOnRecord(visitor) {
  const { data } = await api('GET', `/v1/bookings?event_type_id=${visitor.event}&limit=100`);
  const own = data.filter((booking) => booking.title.endsWith(`: ${visitor.name}`));
  expect(own.length === 1 && own[0].state === 'cancelled', `${visitor.name} has ${JSON.stringify(own)}`);
  expect(Date.parse(own[0].start) === visitor.after, `it stands at ${own[0].start}`);
  for (const start of [visitor.before, visitor.after]) {
    const day = dateIn(start, 'UTC');
    const { slots } = await api('GET', `/v1/event-types/${visitor.event}/slots?from=${day}&to=${day}`);
    expect(slots.some((slot) => Date.parse(slot) === start), `${utc(start)} is not free again`);
  }
}

// ---- all of them ----

const soon = plus(new Date().toISOString().slice(0, 10), NEAREST_DAYS);
const [[host, change]] = HOSTS.map((zone) => [zone, changeOf(zone, soon, FARTHEST_DAYS - NEAREST_DAYS)])
  .filter(([, date]) => date).sort(([, one], [, other]) => one.localeCompare(other));
const browser = await launch(options.chromium);
try {
  const event = await openHalfHours(host, change);
  const [friday, monday] = [nearest(change, 'fri', -1), nearest(change, 'mon', 1)];
  const visits = VISITORS.flatMap((zone) => [true, false].map((scripts) => ({ zone, scripts })));
  const visitors = visits.map((visit, at) => {
    const time = `1${at}:30`;
    return {
      ...visit, host, friday, event: event.id, path: `${BUSINESS}/${event.slug}`, name: `Tom ${'ABCDEF'[at]}`,
      before: instantOf(friday, time, host), after: instantOf(monday, time, host),
    };
  });
  await carryOut(visitors.map((visitor) => [
    `${visitor.zone}, scripts ${visitor.scripts ? 'on' : 'off'}`, () => bookMoveAndCancel(browser, visitor),
  ]));
  console.log(`${visitors.length} visitors over the change of ${host} on ${change}, ${report.count} findings`);
  process.exitCode = report.count ? 1 : 0;
} finally {
  await browser.close();
}
