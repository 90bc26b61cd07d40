// A conversation with the bundled models. Arguments: the server, a folder with sounds, a folder
// for pictures.

import { join } from 'node:path';

import { play, withPage } from './browser.mjs';
import * as user from './page.mjs';

const [address, sounds, pictures, ...wanted] = process.argv.slice(2);
const microphone = `${join(sounds, 'conversation.wav')}%noloop`;
const INSTRUCTIONS = 'You are a friendly voice assistant. Answer in plain spoken words.';

const conversation = (options) => () =>
  withPage({ microphone, patienceMs: 60_000, ...options }, async (page) => {
    await user.open(page, address);
    await page.fill('#instructions', INSTRUCTIONS);
    await page.click('#start');
    await user.shows(page, 'user', 'What is the capital of France?');
    await user.shows(page, 'assistant', 'Paris');
    await user.sounds(page, 'answer');
    await user.silent(page, 'answer');
    await user.say(page, 'Tell me a long story about a ship and a lighthouse.');
    await page.locator('.entry s').waitFor();
    await user.shows(page, 'user', 'week');
    await page.locator('.entry[data-kind="assistant"]').nth(2).waitFor();
    const level = await user.sounds(page, 'answer');
    const drawn = await user.waterfall(page);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(pictures, `real-${options.dark ? 'dark' : 'light'}.png`) });
    return { level, drawn, badge: await user.badge(page), transcript: await user.transcript(page) };
  });

await play({ light: conversation({}), dark: conversation({ dark: true }) }, wanted);
