// Does in Chromium what a person does: with the keyboard alone, with scripts off, with wrong input, and while the
// clock moves. Run against a demo with people whose clock was moved forward, so that something waits.
import { parseArgs } from 'node:util';
import { carryOut, expect, Failed, report } from './deed.mjs';
import { WRONG_INPUTS, sendWrongInput } from './forms.mjs';
import { launch } from './launch.mjs';
import { inspectOpen } from './page.mjs';
import { signIn } from './sign-in.mjs';

const USAGE = 'CHECK_PASSWORD=… node deeds.mjs --base URL --email E --sandbox URL [--chromium FILE]';
const DESK = { width: 1280, height: 900, scheme: 'light', scripts: true };
const TABLET = { width: 768, height: 1024, scheme: 'dark', scripts: true };
const PHONE = { width: 390, height: 844, scheme: 'dark', scripts: true };
const HOUR = 3600;

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { base: text, email: text, sandbox: text, chromium: text } });
if (!options.base || !options.email || !options.sandbox) {
  console.error(USAGE);
  process.exit(2);
}

async function open(browser, state, look, path) {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.scheme,
    javaScriptEnabled: look.scripts,
    reducedMotion: 'reduce',
    storageState: state,
  });
  const page = await context.newPage();
  await page.goto(new URL(path, options.base).href, { waitUntil: 'load' });
  return page;
}

// ---- the keyboard alone ----

const waiting = async (page) =>
  Number((await page.locator('.nav [data-count="/approvals"]').first().textContent()).replace(/\D/g, ''));

async function approveThreeDrafts(browser, state) {
  const page = await open(browser, state, DESK, '/');
  await page.keyboard.press('g');
  await Promise.all([page.waitForURL('**/approvals*'), page.keyboard.press('a')]);
  const before = await waiting(page);
  expect(before >= 3, `${before} drafts wait; the demo should have at least three`);
  for (let approved = 1; approved <= 3; approved += 1) {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('a')]);
    const left = await waiting(page);
    expect(left === before - approved, `${left} drafts wait after ${approved} approvals of ${before}`);
  }
  const undo = page.locator('.toast kbd', { hasText: 'Z' });
  expect(await undo.isVisible(), 'the last approval offers no Undo by key');
}

async function skipToContent(browser, state) {
  const page = await open(browser, state, DESK, '/contacts');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement.matches('.skip')), 'the first stop is not the skip link');
  const seen = await page.locator('.skip').boundingBox();
  expect(seen && seen.y >= 0, 'the skip link is not to be seen when it has the focus');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement.id === 'main'), 'the skip link leads elsewhere');
}

async function seeTheFocus(browser, state) {
  for (const path of ['/', '/approvals', '/calendar', '/contacts', '/settings']) {
    const page = await open(browser, state, DESK, path);
    for (let stop = 0; stop < 40; stop += 1) {
      await page.keyboard.press('Tab');
      const unseen = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === document.body) return null;
        const drawn = () => {
          const { outline, boxShadow, clipPath } = getComputedStyle(element);
          return [outline, boxShadow, clipPath].join();
        };
        const focused = drawn();
        element.blur();
        const plain = drawn();
        element.focus({ focusVisible: true });
        return focused === plain ? element.outerHTML.slice(0, 120) : null;
      });
      expect(!unseen, `${path}: the focus is not to be seen on ${unseen}`);
    }
    await page.context().close();
  }
}

async function listTheKeys(browser, state) {
  const page = await open(browser, state, DESK, '/approvals');
  const button = page.locator('main [data-show-keys]');
  await button.focus();
  await page.keyboard.press('Enter');
  const list = page.locator('#keys-list');
  expect(await list.isVisible(), 'the list of keys does not open');
  const words = await list.textContent();
  for (const act of ['Approve and send', 'Edit', 'Reject']) expect(words.includes(act), `the list lacks “${act}”`);
  for (let stop = 0; stop < 6; stop += 1) {
    await page.keyboard.press('Tab');
    const inside = () => document.activeElement === document.body || Boolean(document.activeElement.closest('#keys-list'));
    expect(await page.evaluate(inside), 'the focus leaves the open dialog');
  }
  await page.keyboard.press('Escape');
  expect(!(await list.isVisible()), 'Escape does not close the list');
  expect(await button.evaluate((it) => it === document.activeElement), 'the focus does not return to the button');
  await page.keyboard.press('?');
  expect(await list.isVisible(), '“?” does not open the list');
}

async function findFromEverywhere(browser, state) {
  const page = await open(browser, state, DESK, '/calendar');
  await Promise.all([page.waitForURL('**/contacts#q'), page.keyboard.press('/')]);
  await page.waitForLoadState('load');
  const inSearch = () => document.activeElement.matches('input[type="search"]');
  expect(await page.evaluate(inSearch), '“/” leads to the contacts, but not into their search');
  await page.keyboard.type('a/b');
  expect((await page.locator('input[type="search"]').inputValue()) === 'a/b', '“/” is taken away while one types');
  await page.locator('input[type="search"]').blur();
  await page.keyboard.press('/');
  expect(await page.evaluate(inSearch), '“/” does not lead into the search of the page itself');
}

async function moveBooking(browser, state) {
  const page = await open(browser, state, DESK, '/calendar');
  const block = page.locator('.ev[data-movable]').first();
  for (let week = 0; week < 3 && (await page.locator('.ev[data-movable]').count()) === 0; week += 1) {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('ArrowRight')]);
  }
  expect((await page.locator('.ev[data-movable]').count()) > 0, 'no booking of the coming weeks may be moved');
  const [ghost, dialog] = [page.locator('.ev-ghost'), page.locator('dialog[open]')];
  const said = () => page.locator('#calendar-said').textContent();
  await block.focus();
  await page.keyboard.press('m');
  const before = await ghost.textContent();
  await page.keyboard.press('ArrowDown');
  expect((await ghost.textContent()) !== before, 'an arrow does not change the time that is shown');
  expect(/\d\d:\d\d$/.test(await said()), 'the new time is not announced');
  await page.keyboard.press('Escape');
  expect((await ghost.count()) === 0, 'Escape does not put the booking down');
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  expect(/moved|Move/.test(await dialog.locator('h2').textContent()), 'the dialog asks about something else');
  await page.keyboard.press('Escape');
  // The dialog tells of its end in a task of its own.
  await ghost.waitFor({ state: 'detached', timeout: 5_000 });
  expect(await block.evaluate((it) => it === document.activeElement), 'the focus does not return to the booking');
  const box = await block.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2 + 60, { steps: 5 });
  expect((await ghost.count()) === 1, 'a drag does not show where the booking would go');
  await page.mouse.up();
  await dialog.waitFor();
  expect(page.url().includes('/calendar') && !/calendar\/[0-9a-f]{32}/.test(page.url()), 'the drag opened the booking');
}

async function confirmInDialog(browser, state) {
  const page = await open(browser, state, DESK, '/contacts');
  const contact = await page.locator('tbody a').first().getAttribute('href');
  await page.goto(new URL(contact, options.base).href);
  const menu = page.locator('main button[popovertarget]').first();
  await menu.focus();
  await page.keyboard.press('Enter');
  const link = page.locator('a[data-confirm]').first();
  await link.focus();
  await page.keyboard.press('Enter');
  const dialog = page.locator('dialog[open]');
  await dialog.waitFor();
  expect(await page.evaluate(() => document.activeElement.hasAttribute('data-close')), 'the safe way out has no focus');
  await page.keyboard.press('Escape');
  expect((await page.locator('dialog[open]').count()) === 0, 'Escape does not close the question');
  expect(await page.evaluate(() => document.activeElement !== document.body), 'the focus is lost with the question');
}

// ---- scripts off ----

async function bookWithoutScripts(browser, state) {
  const page = await open(browser, state, { ...DESK, scripts: false }, '/');
  const proposals = page.locator('#needs-you li', { hasText: 'proposes' });
  expect(await proposals.count(), 'nobody proposes a time');
  const book = proposals.last().locator('button', { hasText: /^Book/ });
  expect(await book.isVisible(), 'Today offers no way to book the proposed time');
  await book.click();
  await page.waitForLoadState('load');
  const words = (await page.locator('body').textContent()).replace(/\s+/g, ' ');
  expect(/Booked/.test(words), `${page.url()} says after booking: ${words.slice(0, 300)}`);
  meeting = new URL(page.url()).pathname;
}

// ---- a meeting that is moved and cancelled, on a phone ----

let meeting = null;

async function press(page, name) {
  const button = page.getByRole('button', { name, exact: true });
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), button.click()]);
}

async function judge(page, what) {
  for (const { kind, detail } of await inspectOpen(page, PHONE)) report(what, `${kind}: ${detail}`);
}

async function moveAndCancel(browser, state) {
  expect(meeting, 'no meeting was booked before');
  const page = await open(browser, state, PHONE, meeting);
  await page.locator('#booking', { hasText: 'Booked' }).waitFor({ timeout: 10_000 });
  const day = new Date(await page.inputValue('#date'));
  day.setUTCDate(day.getUTCDate() + 7);
  await page.fill('#date', day.toISOString().slice(0, 10));
  await page.fill('#time', '03:00');
  await press(page, 'Move');
  const warning = await page.locator('main form', { has: page.locator('#time') }).textContent();
  expect(warning.includes('outside your working hours'), `at three in the night nothing is said: ${warning}`);
  await judge(page, 'the warning');
  await press(page, 'Move all the same');
  expect((await textOf(page, '#booking')).includes('03:00'), 'the meeting was not moved');
  await page.getByRole('link', { name: 'Cancel the meeting…' }).click();
  const question = page.locator('dialog[open]');
  await question.waitFor();
  await judge(page, 'the question');
  await Promise.all([
    page.waitForNavigation({ waitUntil: 'load' }),
    question.getByRole('button', { name: 'Cancel the meeting' }).click(),
  ]);
  expect((await textOf(page, '#booking')).includes('This time is free again'), 'the meeting was not cancelled');
  await judge(page, 'the cancelled meeting');
  const anew = page.getByRole('link', { name: 'Book another time' });
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), anew.click()]);
  expect((await page.inputValue('#email')).includes('@'), 'the form for another time does not know the guest');
}

// ---- while the clock moves ----

async function moveClock(seconds) {
  const answer = await fetch(`${options.sandbox}/control/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advance_seconds: seconds }),
  });
  expect(answer.ok, `the clock answered ${answer.status}`);
}

async function seeItLive(browser, state) {
  const today = await open(browser, state, DESK, '/');
  const queue = await open(browser, state, DESK, '/approvals');
  for (const page of [today, queue]) {
    await page.evaluate(() => (window.isSameDocument = true));
    // A part under the pointer would wait until it is left.
    await page.mouse.move(640, 5);
  }
  const before = { feed: await textOf(today, '#feed'), queue: await textOf(queue, '#queue'), count: await waiting(today) };
  expect(before.count > 0, 'no draft waits');

  const other = await open(browser, state, DESK, '/approvals');
  await Promise.all([other.waitForNavigation(), other.keyboard.press('x')]);
  await changes(queue, '#queue', before.queue);
  await changes(today, '#feed', before.feed);
  expect((await waiting(today)) === before.count - 1, `the counter still says ${await waiting(today)}`);
  expect((await today.title()).startsWith(`(${before.count - 1})`) || before.count === 1, `the title is ${await today.title()}`);

  // Work is due within days, whatever else happens.
  const feed = await textOf(today, '#feed');
  for (let half = 0; half < 14 && (await textOf(today, '#feed')) === feed; half += 1) await moveClock(12 * HOUR);
  await changes(today, '#feed', feed);
  for (const page of [today, queue]) {
    expect(await page.evaluate(() => window.isSameDocument === true), `${page.url()} was loaded again, not refreshed`);
  }
}

const textOf = (page, part) => page.locator(part).textContent();

async function changes(page, part, before) {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await textOf(page, part)) !== before) return;
    await page.waitForTimeout(200);
  }
  throw new Failed(`${page.url()}: ${part} did not change`);
}

// ---- wrong input ----

async function findWrongInputs(browser, state) {
  for (const wrong of WRONG_INPUTS) {
    for (const look of [DESK, TABLET, PHONE]) {
      const page = await open(browser, wrong.isPublic ? undefined : state, look, wrong.path);
      const findings = await sendWrongInput(page, wrong);
      if (!findings.length) findings.push(...(await inspectOpen(page, look)).map((found) => `${found.kind}: ${found.detail}`));
      for (const found of findings) report(`wrong input at ${wrong.path}, ${look.width} px`, found);
      await page.context().close();
    }
  }
}

// ---- all of them ----

const browser = await launch(options.chromium);
const deeds = [
  skipToContent, seeTheFocus, listTheKeys, findFromEverywhere, confirmInDialog, findWrongInputs, bookWithoutScripts,
  moveBooking, moveAndCancel, approveThreeDrafts, seeItLive,
];
try {
  const signInPage = new URL('/signin', options.base).href;
  const state = await signIn(browser, signInPage, options.email, process.env.CHECK_PASSWORD ?? '');
  await carryOut(deeds.map((deed) => [deed.name, () => deed(browser, state)]));
  console.log(`${deeds.length} deeds, ${WRONG_INPUTS.length} forms with wrong input, ${report.count} findings`);
  process.exitCode = report.count ? 1 : 0;
} finally {
  await browser.close();
}
