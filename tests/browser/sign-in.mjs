// Signs in as a person would, with scripts off: the form alone has to do it.

/** Answers the browser state (cookies) of somebody signed in at `url`; throws when the form comes back. */
export async function signIn(browser, url, email, password) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    await page.goto(url, { waitUntil: 'load' });
    const form = page.locator('form:has(input[type=password])').first();
    await form.locator('input[autocomplete~=username], input[type=email]').first().fill(email);
    await form.locator('input[type=password]').fill(password);
    await form.locator('button[type=submit], button:not([type]), input[type=submit]').first().click();
    await page.waitForLoadState('load');
    if (await page.locator('input[type=password]').count()) throw new Error(`signing in ended at ${page.url()}`);
    return await context.storageState();
  } finally {
    await context.close();
  }
}
