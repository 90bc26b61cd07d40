// Steps that people take on the playground, and what they see there.

/** Open the playground; it is ready once the first button can be pressed. */
export async function open(page, address, { transport = 'auto', ready = true } = {}) {
  await page.goto(address);
  if (!ready) return;
  await page.locator('#start:enabled').waitFor();
  await choose(page, 'transport', transport);
}

export async function choose(page, name, value) {
  await onPhone(page, 'settings', () => page.selectOption(`#${name}`, value));
}

/** On a phone's screen one part is shown at a time. */
async function onPhone(page, view, step) {
  const tab = page.locator(`.views button[data-view="${view}"]`);
  const isPhone = await tab.isVisible();
  if (isPhone) await tab.click();
  await step();
  if (isPhone) await page.locator('.views button[data-view="talk"]').click();
}

export async function say(page, text) {
  await page.fill('#message', text);
  await page.keyboard.press('Enter');
}

/** Wait until a line of the transcript holds a text. */
export async function shows(page, kind, text) {
  await page.locator(`.entry[data-kind="${kind}"]`, { hasText: text }).first().waitFor();
}

/** Return the transcript: who, what, what was not heard, notes. */
export function transcript(page) {
  return page.locator('.entry').evaluateAll((rows) =>
    rows.map((row) => {
      const said = row.querySelector('.said')?.cloneNode(true);
      const unheard = said?.querySelector('s')?.textContent ?? '';
      said?.querySelectorAll('s, .hidden').forEach((part) => part.remove());
      return {
        who: row.dataset.kind,
        said: said?.textContent.trim() ?? '',
        unheard,
        note: row.querySelector('.note')?.textContent ?? '',
      };
    }),
  );
}

/** Wait until a meter shows sound; return its decibels. */
export async function sounds(page, side) {
  const shown = await page.waitForFunction((name) => {
    const level = Number(document.querySelector(`#level-${name}`).getAttribute('aria-valuenow'));
    return level > -40 ? level : null;
  }, side);
  return shown.jsonValue();
}

export async function silent(page, side) {
  await page.waitForFunction(
    (name) => Number(document.querySelector(`#level-${name}`).getAttribute('aria-valuenow')) <= -59,
    side,
  );
}

export async function status(page) {
  return (await page.locator('#status-text').textContent()).trim();
}

export async function badge(page) {
  return page.locator('#transport-badge').textContent();
}

export async function notices(page) {
  return page.locator('#notices p').allTextContents();
}

/** Wait until the timing of a turn is drawn; return what its drawing says. */
export async function waterfall(page) {
  await page.locator('#timing .turn svg').first().waitFor({ state: 'attached' });
  return page
    .locator('#timing .turn svg')
    .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
}

/** Return the types of events in the list, as it is filtered. */
export async function events(page, filter = '') {
  await page.click('#tab-events');
  await page.fill('#events-filter', filter);
  return page.locator('#event-list .type').allTextContents();
}
