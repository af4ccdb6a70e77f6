// Walks pages in Chromium as a person would meet them: phone, tablet and desk width, light and dark, and with
// scripts off. Whatever would bother that person is printed; any finding makes the exit status 1.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crawl } from './crawl.mjs';
import { launch } from './launch.mjs';
import { inspect } from './page.mjs';
import { signIn } from './sign-in.mjs';

const USAGE = `node check.mjs --base URL [options] PATH...
  --base URL           where the server is
  --pages FILE         further paths, one a line; a line that starts with "public" is opened signed out
  --crawl PATH         further paths: all that links lead to from here
  --sign-in PATH       the sign-in page (default /signin)
  --email E            who signs in; the password is read from the variable CHECK_PASSWORD
  --out DIR            screenshots and report.json (default: none)
  --chromium FILE      default: the variable CHROMIUM, then /usr/bin/chromium`;
const WIDTHS = [[390, 844], [768, 1024], [1280, 900]];

const looks = WIDTHS.flatMap(([width, height]) =>
  ['light', 'dark'].map((scheme) => ({ width, height, scheme, scripts: true, name: `${width}-${scheme}` })));
looks.push({ width: 390, height: 844, scheme: 'light', scripts: false, name: '390-scripts-off' });

function readOptions() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { base: text, pages: text, crawl: text, 'sign-in': text, email: text, out: text, chromium: text },
  });
  const listed = values.pages ? fs.readFileSync(values.pages, 'utf8').split('\n') : [];
  const pages = [...positionals, ...listed].map((line) => line.trim()).filter((line) => line && !line.startsWith('#'));
  if (!values.base || (pages.length === 0 && !values.crawl)) {
    console.error(USAGE);
    process.exit(2);
  }
  return { ...values, pages: pages.map(readPage) };
}

function readPage(line) {
  const words = line.split(/\s+/);
  return { isPublic: words[0] === 'public', path: words.at(-1) };
}

// The looks of one page are taken side by side; pages follow one another, so that the report has their order.
async function walk(browser, options, pages, signedIn) {
  const results = [];
  for (const page of pages) {
    const state = await signedIn();
    const visits = looks.map((look) => visit(browser, options, page, look, page.isPublic ? undefined : state));
    for (const result of await Promise.all(visits)) {
      for (const { kind, detail } of result.findings) console.log(`${result.path} at ${result.look}: ${kind}: ${detail}`);
      results.push(result);
    }
  }
  return results;
}

/** `signIn`, called again when its answer is old: some pages ask for the password a quarter of an hour later. */
function lasting(signIn) {
  const lasts = 10 * 60_000;
  let state, since = -Infinity;
  return () => {
    if (performance.now() - since > lasts) [state, since] = [signIn(), performance.now()];
    return state;
  };
}

async function visit(browser, options, page, look, state) {
  const file = `${page.path.replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-|-$/g, '') || 'root'}-${look.name}.png`;
  const screenshot = options.out && path.join(options.out, file);
  const findings = await inspect(browser, new URL(page.path, options.base).href, look, { state, screenshot });
  return { path: page.path, look: look.name, findings };
}

const options = readOptions();
if (options.out) fs.mkdirSync(options.out, { recursive: true });
const browser = await launch(options.chromium);
try {
  const signInPage = new URL(options['sign-in'] ?? '/signin', options.base).href;
  const signedIn = lasting(() => options.email && signIn(browser, signInPage, options.email, process.env.CHECK_PASSWORD ?? ''));
  const linked = options.crawl ? await crawl(browser, options.base, options.crawl, await signedIn()) : [];
  const pages = [...options.pages, ...linked.map(readPage)];
  const results = await walk(browser, options, pages, signedIn);
  const count = results.reduce((sum, { findings }) => sum + findings.length, 0);
  if (options.out) fs.writeFileSync(path.join(options.out, 'report.json'), JSON.stringify(results, null, 1));
  console.log(`${pages.length} pages, ${results.length} visits, ${count} findings`);
  process.exitCode = count ? 1 : 0;
} finally {
  await browser.close();
}
