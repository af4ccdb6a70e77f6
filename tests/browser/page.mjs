// One page in one kind of browser window, and everything a person would be bothered by there.
import axe from 'axe-core';

// What says nothing about the page: a stream or a download that ends because we move on.
const ENDED_BY_US = 'net::ERR_ABORTED';
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Opens `url` in a fresh window and answers its findings: a list of `{ kind, detail }`, empty when all is well.
 * `look` is `{ width, height, scheme, scripts }`; `state` carries the cookies of a signed-in person.
 * With `screenshot`, the whole page is drawn into that file.
 */
export async function inspect(browser, url, look, { state, screenshot } = {}) {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.scheme,
    javaScriptEnabled: look.scripts,
    reducedMotion: 'reduce',
    isMobile: look.width < 600,
    hasTouch: look.width < 600,
    storageState: state,
  });
  const findings = [];
  const find = (kind, detail) => findings.push({ kind, detail: String(detail).slice(0, 400) });
  try {
    const page = await context.newPage();
    await listen(page, new URL(url).origin, find);
    const response = await page.goto(url, { waitUntil: 'load', timeout: 30_000 });
    if (!response?.ok()) find('status', response?.status() ?? 'no answer');
    // A page may add to its own address, as the booking page does with the visitor's zone.
    if (withoutQuery(page.url()) !== withoutQuery(url)) find('redirect', `${page.url()} came instead`);
    if (look.scripts) {
      await judgeLayout(page, look.width, find);
      await judgeAccessibility(page, find);
    } else {
      await judgeWithoutScripts(page, find);
    }
    if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  } catch (error) {
    find('broken', error.message.split('\n')[0]);
  } finally {
    await context.close();
  }
  return findings;
}

/** The findings of a page that is open already, whatever its status is. */
export async function inspectOpen(page, look) {
  const findings = [];
  const find = (kind, detail) => findings.push({ kind, detail: String(detail).slice(0, 400) });
  await judgeLayout(page, look.width, find);
  await judgeAccessibility(page, find);
  return findings;
}

async function listen(page, origin, find) {
  await page.exposeBinding('reportPolicyViolation', (_, detail) => find('csp', detail));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportPolicyViolation(`${event.effectiveDirective} forbids ${event.blockedURI || 'inline code'}`);
    });
  });
  page.on('console', (message) => message.type() === 'error' && find('console', message.text()));
  page.on('pageerror', (error) => find('script', error.message));
  page.on('dialog', (dialog) => {
    find('dialog', dialog.message());
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) find('foreign request', url.href);
  });
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    if (reason !== ENDED_BY_US) find('request', `${request.url()} ${reason}`);
  });
  page.on('response', (response) => {
    const isPage = response.request().isNavigationRequest();
    if (!isPage && response.status() >= 400) find('request', `${response.url()} answered ${response.status()}`);
  });
}

async function judgeLayout(page, width, find) {
  const seen = await page.evaluate((wanted) => {
    const width = Math.min(wanted, document.documentElement.clientWidth);
    const scrolls = (element) => {
      for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
        if (getComputedStyle(box).overflowX !== 'visible') return true;
      }
      return false;
    };
    const name = (element) => element.tagName.toLowerCase() + [...element.classList].map((c) => `.${c}`).join('');
    const sticksOut = (element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !scrolls(element);
    };
    const excess = document.documentElement.scrollWidth - width;
    const culprits = excess > 1 ? [...document.body.querySelectorAll('*')].filter(sticksOut).slice(0, 5).map(name) : [];
    return { excess, culprits, title: document.title, headings: document.querySelectorAll('h1').length };
  }, width);
  if (seen.excess > 1) find('overflow', `${seen.excess}px too wide: ${seen.culprits.join(', ')}`);
  if (!seen.title) find('title', 'the page has none');
  if (seen.headings !== 1) find('heading', `${seen.headings} first-level headings instead of one`);
}

// Evaluated by the debugger and not as a script element, so the page's own policy stays as strict as it is.
async function judgeAccessibility(page, find) {
  await page.evaluate(`${axe.source}; undefined`);
  const { violations } = await page.evaluate((tags) => window.axe.run(document, {
    runOnly: { type: 'tag', values: tags },
    resultTypes: ['violations'],
  }), AXE_TAGS);
  for (const { id, impact, help, nodes } of violations) {
    const where = nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ');
    find('axe', `${id} (${impact}): ${help}, ${nodes.length} times: ${where}`);
  }
}

async function judgeWithoutScripts(page, find) {
  if (!(await page.locator('main h1').first().isVisible())) find('scripts off', 'no heading is visible in main');
  const dead = await page.locator('main a:not([href]), main form:not([action]):not([method])').count();
  if (dead > 0) find('scripts off', `${dead} links or forms lead nowhere`);
}

function withoutQuery(address) {
  const { origin, pathname } = new URL(address);
  return origin + pathname;
}
