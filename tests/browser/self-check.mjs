// Proves that the checks find what they are for: a good page passes, and each fault of a bad one is named.
import assert from 'node:assert/strict';
import http from 'node:http';
import { launch } from './launch.mjs';
import { crawl } from './crawl.mjs';
import { inspect } from './page.mjs';
import { signIn } from './sign-in.mjs';

const frame = (body) => `<!doctype html><html lang="en"><head><title>A page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head><body>${body}</body></html>`;
const PAGES = {
  '/good': frame('<main><h1>Good</h1><a href="/wide">Wide</a> <a href="/lead/1">One</a> <a href="/lead/2">Two</a></main>'),
  '/lead/1': frame('<main><h1>Lead</h1><a href="https://elsewhere.test/">Elsewhere</a></main>'),
  '/wide': frame('<main><h1>Wide</h1><div style="width:2000px">x</div></main>'),
  '/inline': frame('<main><h1>Inline</h1><script>document.title = "x"</script></main>'),
  '/unlabelled': frame('<main><h1>Form</h1><input type="text"></main>'),
  '/foreign': frame('<main><h1>Foreign</h1><img alt="" src="http://127.0.0.1:1/x.png"></main>'),
  '/headless': frame('<main><p>No heading</p></main>'),
  '/sign-in': frame(`<main><h1>Sign in</h1><form method="post"><input type="email" name="email">
    <input type="password" name="password"><button>Sign in</button></form></main>`),
};
const EXPECTED = {
  '/wide': 'overflow', '/inline': 'csp', '/unlabelled': 'axe', '/foreign': 'foreign request', '/headless': 'heading',
  '/missing': 'status',
};

const server = http.createServer((request, response) => {
  if (request.method === 'POST') return response.writeHead(303, { location: '/good', 'set-cookie': 'session=1' }).end();
  const page = PAGES[request.url];
  const isLoose = request.url !== '/inline';
  response.writeHead(page ? 200 : 404, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': isLoose ? "style-src 'self' 'unsafe-inline'" : "default-src 'none'; img-src data:",
  }).end(page ?? frame('<main><h1>Not here</h1></main>'));
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
try {
  const look = { width: 390, height: 844, scheme: 'light', scripts: true };
  assert.deepEqual(await inspect(browser, `${base}/good`, look), []);
  assert.deepEqual(await inspect(browser, `${base}/good`, { ...look, scripts: false }), []);
  for (const [path, kind] of Object.entries(EXPECTED)) {
    const kinds = (await inspect(browser, base + path, look)).map((finding) => finding.kind);
    assert.ok(kinds.includes(kind), `${path}: expected ${kind} among [${kinds}]`);
  }
  const state = await signIn(browser, `${base}/sign-in`, 'ada@example.test', 'secret');
  assert.equal(state.cookies[0]?.name, 'session');
  assert.deepEqual(await crawl(browser, base, '/good', state), ['/good', '/wide', '/lead/1']);
  console.log('the browser checks find what they are for');
} finally {
  await browser.close();
  server.close();
}
