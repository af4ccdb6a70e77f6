// Finds the pages by following their links, so that a new page is checked from the day it is linked.

const AT_MOST = 150;

/**
 * Follows links from `start` with the browser state of a signed-in person and answers the paths of all pages
 * found, in order. Of pages that differ in an id or a query only, one stands for all.
 */
export async function crawl(browser, base, start, state) {
  const context = await browser.newContext({ storageState: state });
  const found = new Map();
  try {
    const reader = await context.newPage();
    const waiting = [start];
    while (waiting.length && found.size < AT_MOST) {
      const where = waiting.shift();
      if (found.has(kindOf(where))) continue;
      const response = await context.request.get(new URL(where, base).href, { maxRedirects: 0 });
      const isPage = (response.headers()['content-type'] ?? '').startsWith('text/html');
      if (response.status() >= 300 && response.status() < 400) continue;
      if (response.ok() && !isPage) continue;
      found.set(kindOf(where), where);
      if (isPage) waiting.push(...await linksIn(reader, await response.text(), new URL(where, base)));
    }
  } finally {
    await context.close();
  }
  return [...found.values()];
}

/** Paths on the same server that the page's anchors lead to. */
async function linksIn(reader, html, from) {
  const targets = await reader.evaluate((text) => {
    const anchors = new DOMParser().parseFromString(text, 'text/html').querySelectorAll('a[href]:not([download])');
    return [...anchors].map((anchor) => anchor.getAttribute('href'));
  }, html);
  const urls = targets.filter((target) => URL.canParse(target, from)).map((target) => new URL(target, from));
  return urls.filter((url) => url.origin === from.origin).map((url) => url.pathname + url.search);
}

function kindOf(where) {
  return where.replace(/\?.*$/, '').replace(/[0-9a-f]{32}|[0-9a-f-]{36}|AC[0-9a-f]{32}|\b\d+\b/gi, ':id');
}
