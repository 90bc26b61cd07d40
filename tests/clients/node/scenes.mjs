// Plays the scenes of a client one after another and prints, as JSON, what each of them saw.

import { readFileSync } from 'node:fs';

const DEADLINE_MS = 20_000;

/** Address of the server, up to and with `/v1`. */
export const baseURL = process.argv[2];

/** Somebody says "go forward ten meters" and is silent then: 24 kHz mono, 16 bit. */
export const speech = readFileSync(process.argv[3]);

/** So much of it is enough to be noticed. */
export const ONE_SECOND = 48_000;

export const WEATHER = {
  type: 'function',
  name: 'get_weather',
  description: 'Tell the weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};

/** Play functions that resolve to what they saw. One that fails does not keep the others away. */
export async function play(scenes) {
  const seen = {};
  for (const [name, scene] of Object.entries(scenes)) {
    try {
      seen[name] = await within(DEADLINE_MS, scene());
    } catch (error) {
      seen[name] = { raised: error.stack ?? String(error) };
    }
  }
  process.stdout.write(JSON.stringify(seen), () => process.exit(0));
}

/** Events in the order of their coming, for code that waits for one of them. */
export class Inbox {
  #events = [];
  #wake = () => {};

  put(event) {
    this.#events.push(event);
    this.#wake();
  }

  /** Take events up to the first that fits, and return this one. */
  async until(fits) {
    for (;;) {
      while (this.#events.length) {
        const event = this.#events.shift();
        if (fits(event)) return event;
      }
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}

async function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
