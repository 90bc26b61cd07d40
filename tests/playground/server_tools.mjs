// The tools that the server runs, as people see and allow them. Arguments: the server, the address
// of an MCP server elsewhere, a server that goes on by itself, a folder for pictures, scenes (all).

import { join } from 'node:path';

import { play, withPage } from './browser.mjs';
import * as user from './page.mjs';

const [address, mcpUrl, goesOnAddress, pictures, ...wanted] = process.argv.slice(2);
const QUESTION = 'What is the weather like?';

const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) });

/** Open the playground, with the server's weather tools on. */
async function openWithTools(page, { at = address, approval = 'always' } = {}) {
  await user.open(page, at);
  await page.check('input[name="labels"][value="weather"]');
  await page.click('.more summary');
  await page.selectOption('#approval', approval);
}

/** Return how often the page asked for an answer, and what it was told of errors. */
async function asked(page) {
  const sent = await user.events(page, 'response.create');
  const errors = await user.events(page, 'error');
  return {
    n: sent.filter((type) => type === 'response.create').length,
    errors: errors.filter((type) => type === 'error').length,
  };
}

const deciding = (button, answer, options) => () =>
  withPage(options, async (page) => {
    await openWithTools(page);
    await user.say(page, QUESTION);
    const question = page.locator('.question');
    await question.waitFor();
    const label = await question.getAttribute('aria-label');
    await picture(page, `approval-${options.dark ? 'dark' : 'light'}`);
    await page.focus('#transcript');
    for (const _ of button === 'Approve' ? [1] : [1, 2]) await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press('Enter');
    await user.shows(page, 'assistant', answer);
    await picture(page, `tools-${options.dark ? 'dark' : 'light'}`);
    const after = await page.evaluate(() => document.activeElement.id);
    return {
      label,
      focused,
      after,
      transcript: await user.transcript(page),
      asked: await asked(page),
    };
  });

const goingOn = (at) => () =>
  withPage({}, async (page) => {
    await openWithTools(page, { at, approval: 'never' });
    await user.say(page, QUESTION);
    await user.shows(page, 'assistant', 'It is sunny there.');
    return { transcript: await user.transcript(page), asked: await asked(page) };
  });

await play(
  {
    approve: deciding('Approve', 'It is sunny there.', {}),
    reject: deciding('Reject', 'I do without.', { dark: true }),
    go_on: goingOn(address),
    server_goes_on: goingOn(goesOnAddress),

    phone: () =>
      withPage({ phone: true }, async (page) => {
        await user.open(page, address);
        await page.click('.views [data-view="settings"]');
        await page.check('input[name="labels"][value="weather"]');
        await page.click('.more summary');
        await page.locator('.more').scrollIntoViewIfNeeded();
        await picture(page, 'tools-phone-session');
        await page.click('.views [data-view="talk"]');
        await user.say(page, QUESTION);
        await page.locator('.question').waitFor();
        await picture(page, 'approval-phone');
        return { width: await page.evaluate(() => document.documentElement.scrollWidth) };
      }),

    by_address: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.click('.more summary');
        await page.fill('#mcp-url', mcpUrl);
        await page.fill('#mcp-label', 'elsewhere');
        await page.selectOption('#approval', 'never');
        await user.say(page, QUESTION);
        await user.shows(page, 'assistant', 'It is sunny there.');
        const transcript = await user.transcript(page);
        await page.reload();
        await page.locator('#start:enabled').waitFor();
        const kept = await page.inputValue('#mcp-url');
        return { transcript, kept };
      }),

    unreachable: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.click('.more summary');
        await page.fill('#mcp-url', 'http://127.0.0.1:9/mcp');
        await user.say(page, 'What is new?');
        await page.locator('.entry .note.bad').waitFor();
        return { transcript: await user.transcript(page) };
      }),

    code: () =>
      withPage({}, async (page) => {
        await openWithTools(page);
        await page.click('#open-code');
        const written = {};
        for (const name of ['Python', 'JavaScript, page', 'JavaScript, Node']) {
          const tab = page.locator('#code-tabs [role="tab"]', { hasText: new RegExp(`^${name}$`) });
          await tab.click();
          written[name] = await page.locator('#code-text').textContent();
        }
        return { written };
      }),
  },
  wanted,
);
