// The playground, used as people do. Arguments: the server, one with keys, its key, a folder with
// sounds, a folder for pictures, scenes (all).

import { join } from 'node:path';

import { play, withPage } from './browser.mjs';
import * as user from './page.mjs';

const [address, keyedAddress, key, sounds, pictures, ...wanted] = process.argv.slice(2);
const speech = `${join(sounds, 'speech.wav')}%noloop`;
const lateSpeech = `${join(sounds, 'late-speech.wav')}%noloop`;

const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) });

const talking =
  (transport, options = {}) =>
  () =>
    withPage({ microphone: speech, ...options }, async (page) => {
      await user.open(page, address, { transport });
      await page.click('#start');
      const you = await user.sounds(page, 'you');
      await user.shows(page, 'user', 'Go forward ten meters.');
      const answer = await user.sounds(page, 'answer');
      await user.shows(page, 'assistant', 'ten meters.');
      const drawn = await user.waterfall(page);
      const badge = await user.badge(page);
      await picture(page, `talk-${transport}`);
      await page.click('#end');
      const status = await user.status(page);
      return {
        you,
        answer,
        drawn,
        badge,
        status,
        transcript: await user.transcript(page),
        notices: await user.notices(page),
      };
    });

/** In the page: what is dropped when a file is, here a picture that can't be made small easily. */
async function noisyPicture() {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [2000, 1500];
  const pen = canvas.getContext('2d');
  const pixels = pen.createImageData(canvas.width, canvas.height);
  for (let at = 0, next = 1; at < pixels.data.length; at++) {
    next = (next * 1103515245 + 12345) % 2147483648;
    pixels.data[at] = at % 4 === 3 ? 255 : next / 8388608;
  }
  pen.putImageData(pixels, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  const held = new DataTransfer();
  held.items.add(new File([blob], 'noise.png', { type: 'image/png' }));
  return held;
}

const interrupting = (transport) => () =>
  withPage({ microphone: lateSpeech }, async (page) => {
    await user.open(page, address, { transport });
    await page.click('#start');
    await page.locator('#end').waitFor();
    await user.say(page, 'Tell me a story.');
    await user.sounds(page, 'answer');
    await user.shows(page, 'user', 'Go forward ten meters.');
    await user.shows(page, 'assistant', 'Going forward');
    await page.locator('.entry s').waitFor();
    await picture(page, `interruption-${transport}`);
    const types = await user.events(page, 'truncate');
    return { transcript: await user.transcript(page), types };
  });

const holding = (transport) => () =>
  withPage({ microphone: speech }, async (page) => {
    await user.open(page, address, { transport });
    await page.locator('text=When I let go').click();
    await page.click('#start');
    await page.locator('#hold').waitFor();
    await page.locator('body').click({ position: { x: 700, y: 200 } });
    await page.keyboard.down(' ');
    await user.sounds(page, 'you');
    await user.silent(page, 'you');
    await page.keyboard.up(' ');
    await user.shows(page, 'assistant', 'ten meters.');
    return { transcript: await user.transcript(page), types: await user.events(page, 'commit') };
  });

await play(
  {
    talk: talking('auto'),
    talk_over_websocket: talking('websocket'),
    interrupt: interrupting('auto'),
    interrupt_over_websocket: interrupting('websocket'),

    type: () =>
      withPage({ dark: true }, async (page) => {
        await user.open(page, address);
        await page.click('text=What is the capital of France?');
        await user.shows(page, 'assistant', 'The capital of France is Paris.');
        const level = await user.sounds(page, 'answer');
        const types = await user.events(page);
        const filtered = await user.events(page, 'Paris');
        await page.locator('#event-list summary').first().click();
        const viewed = await page.locator('#event-list pre').first().textContent();
        await picture(page, 'type-dark');
        return { level, types, filtered, viewed, transcript: await user.transcript(page) };
      }),

    type_by_keyboard_on_a_phone: () =>
      withPage({ phone: true }, async (page) => {
        await user.open(page, address);
        await page.keyboard.press('/');
        await page.keyboard.type('What is the capital of France?');
        await page.keyboard.press('Enter');
        await user.shows(page, 'assistant', 'The capital of France is Paris.');
        await picture(page, 'phone');
        await page.keyboard.press('Escape');
        await page.locator('body').click({ position: { x: 195, y: 200 } });
        await page.keyboard.press('?');
        const shortcuts = await page.locator('#shortcuts kbd').allTextContents();
        await page.keyboard.press('Escape');
        await page.click('.views [data-view="timing"]');
        await picture(page, 'phone-time');
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        await page.click('.views [data-view="settings"]');
        await picture(page, 'phone-session');
        return { shortcuts, width };
      }),

    tool: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.click('text=Make this page orange.');
        await user.shows(page, 'assistant', 'It is orange now.');
        const colour = await page.evaluate(() => document.documentElement.dataset.colour);
        await picture(page, 'tool');
        return { colour, transcript: await user.transcript(page) };
      }),

    failure: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await user.say(page, 'Please break.');
        await user.shows(page, 'notice', 'failed');
        return { transcript: await user.transcript(page) };
      }),

    hold_to_talk: holding('auto'),
    hold_to_talk_over_websocket: holding('websocket'),

    change_in_mid_session: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await user.say(page, 'What is the capital of France?');
        await user.shows(page, 'assistant', 'Paris');
        await page.locator('text=By the words').click();
        await page.locator('#event-list').waitFor({ state: 'attached' });
        await user.events(page, 'session.updated');
        await page.locator('#event-list summary').first().click();
        const updated = await page.locator('#event-list pre').first().textContent();
        return { turns: JSON.parse(updated).session.audio.input.turn_detection };
      }),

    picture: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.setInputFiles('#picture', join(sounds, 'picture.gif'));
        await page.locator('#attachment').waitFor();
        await user.say(page, 'What is the capital of France?');
        await page.locator('.entry img').waitFor();
        await page.waitForFunction(
          () =>
            document.querySelector('.entry[data-kind="assistant"] .said, .entry .note.bad') !==
            null,
        );
        await picture(page, 'picture');
        return { transcript: await user.transcript(page) };
      }),

    dropped_picture: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        const held = await page.evaluateHandle(noisyPicture);
        await page.dispatchEvent('body', 'dragover', { dataTransfer: held });
        await page.dispatchEvent('body', 'drop', { dataTransfer: held });
        await page.locator('#attachment').waitFor();
        const chars = await page.evaluate(() => document.querySelector('#attachment-image').src.length);
        await picture(page, 'picture-attached');
        await page.focus('#attachment-remove');
        await page.keyboard.press('Enter');
        await page.locator('#attachment').waitFor({ state: 'hidden' });
        await page.dispatchEvent('body', 'drop', { dataTransfer: held });
        await page.locator('#attachment').waitFor();
        await user.say(page, 'What is the capital of France?');
        await user.shows(page, 'assistant', 'Paris');
        await page.locator('.entry img').waitFor();
        return { chars, transcript: await user.transcript(page) };
      }),

    refused_picture: () =>
      withPage({}, async (page) => {
        await user.open(page, keyedAddress, { ready: false });
        await page.fill('#key', key);
        await page.keyboard.press('Enter');
        await page.locator('#start:enabled').waitFor();
        await page.setInputFiles('#picture', join(sounds, 'picture.gif'));
        await page.locator('#attachment').waitFor();
        await user.say(page, 'What is the capital of France?');
        await page.locator('.entry .note.bad').waitFor();
        return { transcript: await user.transcript(page) };
      }),

    replay: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.click('#open-recordings');
        const rows = page.locator('#recordings-list button');
        await rows.first().waitFor();
        const n = await rows.count();
        const replayed = [];
        for (let index = 0; index < n && replayed.length === 0; index++) {
          if (index > 0) await page.click('#open-recordings');
          await rows.nth(index).click();
          await page.locator('#recordings').waitFor({ state: 'hidden' });
          const end = await page.locator('#replay-at').getAttribute('max');
          await page.locator('#replay-at').fill(end);
          const seen = await user.transcript(page);
          if (
            seen.some(({ said }) => said === 'Go forward ten meters.') &&
            seen.some(({ unheard }) => unheard)
          ) {
            replayed.push(...seen);
          }
        }
        const drawn = await user.waterfall(page);
        await picture(page, 'replay');
        await page.locator('#replay-at').fill('0');
        const before = await user.transcript(page);
        await page.click('#replay-play');
        const answer = await user.sounds(page, 'answer');
        const you = await user.sounds(page, 'you');
        await page.click('#replay-close');
        return { n, replayed, drawn, before, answer, you };
      }),

    key: () =>
      withPage({}, async (page) => {
        const minted = [];
        page.on('request', (request) => {
          if (request.url().includes('client_secrets'))
            minted.push(request.headers().authorization);
        });
        await user.open(page, keyedAddress, { ready: false });
        await page.locator('#gate').waitFor();
        const isStartable = await page.locator('#start').isEnabled();
        await page.fill('#key', 'sk-wrong');
        await page.keyboard.press('Enter');
        const problem = page.locator('#gate-problem:visible');
        await problem.waitFor();
        await picture(page, 'wrong-key');
        const told = await problem.textContent();
        const mintedWithout = minted.length;
        await page.fill('#key', key);
        await page.keyboard.press('Enter');
        await page.locator('#start:enabled').waitFor();
        await user.say(page, 'What is the capital of France?');
        await user.shows(page, 'assistant', 'Paris');
        await page.click('#open-code');
        const code = await page.locator('#code-text').textContent();
        return {
          isStartable,
          told,
          mintedWithout,
          minted,
          code,
          kept: await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })),
        };
      }),

    microphone_refused: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.click('#start');
        await page.locator('.notice').waitFor();
        await picture(page, 'microphone-refused');
        const told = await user.notices(page);
        await page.keyboard.type('What is the capital of France?');
        await page.keyboard.press('Enter');
        await user.shows(page, 'assistant', 'Paris');
        return { told };
      }),

    fallback: talking('auto', {
      flags: [
        '--webrtc-ip-handling-policy=disable_non_proxied_udp',
        '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
      ],
    }),

    code: () =>
      withPage({}, async (page) => {
        await user.open(page, address);
        await page.fill('#instructions', 'Say "yes" or\nsay no: é.');
        await page.keyboard.press('Tab');
        await page.click('#open-code');
        const written = {};
        for (const name of ['Python', 'JavaScript, page', 'JavaScript, Node']) {
          await page
            .locator('#code-tabs [role="tab"]', { hasText: new RegExp(`^${name}$`) })
            .click();
          written[name] = await page.locator('#code-text').textContent();
        }
        await picture(page, 'code');
        return { written };
      }),
  },
  wanted,
);
