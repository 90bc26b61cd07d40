// A real Chromium, headless, whose microphone is a file.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  // Candidates would be names of multicast DNS, which a machine without a network does not resolve.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];
const PATIENCE_MS = 20_000;

/**
 * Run `scene` with a page of its own in a browser of its own.
 *
 * `microphone`: a WAV file, or null: the user refuses. `phone`, `dark`: how the page is shown.
 * `patienceMs`: how long a step may take.
 */
export async function withPage(options, scene) {
  const { microphone = null, phone = false, dark = false, flags = [] } = options;
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      ...FLAGS,
      ...flags,
      ...(microphone === null
        ? ['--deny-permission-prompts']
        : ['--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}`]),
    ],
    viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    deviceScaleFactor: phone ? 2 : 1,
    colorScheme: dark ? 'dark' : 'light',
  });
  context.setDefaultTimeout(options.patienceMs ?? PATIENCE_MS);
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  try {
    const seen = await scene(page);
    return { ...seen, complaints };
  } catch (error) {
    const shown = await page.evaluate(() => document.body.innerText).catch(() => 'nothing');
    const complained = complaints.join('; ') || 'nothing';
    throw new Error(`${error.message}\nThe page complained of: ${complained}\nIt shows: ${shown}`);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Play scenes by name, those named on the command line or all; print what each saw as JSON. */
export async function play(scenes, wanted = []) {
  const seen = {};
  for (const [name, scene] of Object.entries(scenes)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      seen[name] = await scene();
    } catch (error) {
      seen[name] = { raised: error.stack ?? String(error) };
    }
  }
  process.stdout.write(JSON.stringify(seen));
}
