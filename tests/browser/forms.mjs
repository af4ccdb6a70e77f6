// Every form with one wrong input: what was typed must still stand there, and the field and the cure must be named.

/**
 * `path` of the page, `form` to choose one of several by its action, `wrong` the field with what is typed into it,
 * `kept` a further field that is right and must not be lost. `isWhole`: the error is of the whole form, not of a field.
 */
export const WRONG_INPUTS = [
  { path: '/signin', isPublic: true, wrong: ['login', 'nobody@fernhill.example'], isWhole: true },
  { path: '/settings', form: '/settings', wrong: ['username', '1'], kept: ['name', 'Nora W.'] },
  { path: '/settings/security', form: '/settings/security/password', wrong: ['current', 'not my password'], isSecret: true },
  { path: '/settings/workspace', form: '/settings/workspace', wrong: ['slug', 'not a name!'], kept: ['name', 'Fernhill'] },
  { path: '/settings/team', form: '/settings/team/invitations', wrong: ['email', 'nobody'] },
  { path: '/settings/keys', form: '/settings/keys', wrong: ['name', ''] },
  { path: '/settings/hours', form: '/settings/hours', wrong: ['mon', 'nine to five'], kept: ['tue', '10:00-12:00'] },
  { path: '/event-types/new', form: '/event-types/new', wrong: ['notice', 'two hours'], kept: ['name', 'First call'] },
  { path: '/availability', form: '/availability/trips', wrong: ['trip_from', ''] },
  { path: '/contacts/new', wrong: ['email', 'not an address'], kept: ['company', 'Larkfield'] },
  { path: '/outreach/new', form: '/outreach/new', wrong: ['meeting_minutes', 'half an hour'], kept: ['name', 'Parish halls'] },
  { path: '/connections/mailbox', form: '/connections/mailbox', wrong: ['address', 'ada'] },
  {
    path: '/connections/mailbox?address=ada%40larkfield.example', form: '/connections/mailbox',
    wrong: ['smtp_port', '66000'], kept: ['display_name', 'Ada'],
  },
  { path: '/calendar/new', form: '/calendar/new', wrong: ['email', 'nobody'] },
  { path: '/snippets', form: '/snippets', wrong: ['title', ''], kept: ['text', 'Four to six days.'] },
  { path: '/suppressions', form: '/suppressions', wrong: ['target', 'not an address'], kept: ['note', 'By phone'] },
  { path: '/workspaces/new', form: '/workspaces/new', wrong: ['name', ''] },
  { path: '/outreach/sequences', form: '/outreach/sequences', wrong: ['name', ''] },
];

/** Types and sends it; answers what a person would miss afterwards, in words, or nothing. */
export async function sendWrongInput(page, { form, wrong: [field, value], kept, isWhole, isSecret }) {
  const action = form ? `main form[action="${form}"]` : 'main form';
  const within = page.locator(action).filter({ has: page.locator(`[name="${field}"]`) }).first();
  if (!(await within.count())) return [`no form ${action} with the field ${field}`];
  for (const [name, typed] of [[field, value], ...(kept ? [kept] : [])]) await within.locator(`[name="${name}"]`).fill(typed);
  await within.evaluate((element) => (element.noValidate = true));
  const answered = page.waitForResponse((response) => response.request().isNavigationRequest());
  await within.locator('button:not([type="button"])').first().click();
  const response = await answered;
  await page.waitForLoadState('load');
  const missed = [];
  if (response.status() !== 422) missed.push(`answered ${response.status()} instead of 422`);
  const input = page.locator(`main [name="${field}"]`).first();
  if (!(await input.count())) return [...missed, 'the form did not come back'];
  if (!isSecret && (await input.inputValue()) !== value) missed.push(`“${value}” is lost`);
  if (kept && (await page.locator(`main [name="${kept[0]}"]`).first().inputValue()) !== kept[1]) missed.push(`“${kept[1]}” is lost`);
  if (isWhole) {
    if (!(await page.locator('main [role="alert"]').first().isVisible())) missed.push('no alert says what is wrong');
    return missed;
  }
  if ((await input.getAttribute('aria-invalid')) !== 'true') missed.push(`the field ${field} is not marked`);
  const described = (await input.getAttribute('aria-describedby')) ?? '';
  const error = page.locator(`[id="${described.split(' ')[0]}"]`);
  if (!described || !(await error.count()) || !(await error.textContent()).trim()) missed.push('no words stand at the field');
  return missed;
}
