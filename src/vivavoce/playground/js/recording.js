/** Reads a recording of the flight recorder: its events, and the sound of both sides. */

import { RATE_HZ, decoded, fromBase64 } from './pcm.js';

const SILENCE = 'vivavoce_silence_bytes';
const FRAME_S = 0.032;
const SPEECH = 0.5;

/** Read the lines; a last line that is still being written is passed over. */
export function parseRecording(text) {
  const [header, ...steps] = text.split('\n').flatMap(parsedLine);
  const recording = new Recording(header);
  for (const step of steps) recording.add(step);
  return recording.done();
}

function parsedLine(line) {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}

class Recording {
  constructor(header) {
    this.header = header;
    this.origin = null;
    /** In order: {at (ms), and direction and event, or fact: speech, started, token}. */
    this.moments = [];
    this.you = new Track();
    this.answer = new Track();
    this.sounds = new Map();
    this.jobOf = new Map();
    this.newestJob = null;
    this.format = 'audio/pcm';
    this.hasSound = false;
    this.seconds = 0;
  }

  add({ now, input, outputs }) {
    this.origin ??= now;
    const at = now - this.origin;
    this.seconds = at;
    INPUTS[input.type]?.call(this, input, at);
    for (const output of outputs) OUTPUTS[output.type]?.call(this, output, at);
  }

  put(at, moment) {
    this.moments.push({ at: at * 1000, ...moment });
  }

  bytes(data) {
    if (typeof data === 'object') return new Uint8Array(data[SILENCE]);
    this.hasSound = true;
    return fromBase64(data);
  }

  /** Speech is over where the last frame of speech ends, though more may have arrived with it. */
  heard({ data, probabilities }, at) {
    const index = probabilities.findLastIndex((probability) => probability >= SPEECH);
    if (index >= 0) this.put(at - (probabilities.length - 1 - index) * FRAME_S, { fact: 'speech' });
    const samples = decoded(this.bytes(data), 'audio/pcm');
    this.you.add(at - samples.length / RATE_HZ, samples);
  }

  /** The sound of an event that was sent was reported earlier, maybe under another name. */
  spoken(event, at) {
    const nBytes = event.delta[SILENCE];
    const job = this.jobFor(event.response_id);
    const sound = job?.take(nBytes) ?? new Uint8Array(nBytes);
    const samples = decoded(sound, this.format);
    this.answer.add(at, samples);
    return { ...event, delta: '', nBytes };
  }

  jobFor(responseId) {
    let job = this.jobOf.get(responseId) ?? this.sounds.get(responseId);
    if (job === undefined) {
      const taken = new Set(this.jobOf.values());
      job = [...this.sounds.values()].findLast((one) => !taken.has(one));
    }
    if (job !== undefined) this.jobOf.set(responseId, job);
    return job;
  }

  send(event, at) {
    if (/^session\.(created|updated)$/.test(event.type)) {
      this.format = event.session.audio?.output?.format?.type ?? this.format;
    }
    const isSound = event.type === 'response.output_audio.delta';
    this.put(at, { direction: 'received', event: isSound ? this.spoken(event, at) : event });
    if (/^output_audio_buffer\.cleared$/.test(event.type)) this.answer.cut(at);
  }

  done() {
    const seconds = Math.max(this.seconds, this.you.seconds, this.answer.seconds);
    // Speech is dated back to its frame, before events that were recorded earlier.
    this.moments.sort((a, b) => a.at - b.at);
    return {
      header: this.header,
      moments: this.moments,
      you: this.you.joined(seconds),
      answer: this.answer.joined(seconds),
      hasSound: this.hasSound,
      seconds,
    };
  }
}

const INPUTS = {
  ClientSent({ event }, at) {
    this.put(at, { direction: 'sent', event });
    if (event.type === 'conversation.item.truncate') this.answer.cut(at);
    if (event.type === 'output_audio_buffer.clear') this.answer.cut(at);
  },
  AudioHeard(input, at) {
    this.heard(input, at);
  },
  ResponseProgress({ response_id, event }, at) {
    if (event.type === 'TextDelta') this.put(at, { fact: 'token' });
    if (event.type !== 'AudioDelta') return;
    if (!this.sounds.has(response_id)) this.sounds.set(response_id, new Bytes());
    this.sounds.get(response_id).add(this.bytes(event.data));
  },
};

const OUTPUTS = {
  StartResponse({ request }, at) {
    if (!request.prompt?.out_of_band) this.put(at, { fact: 'started' });
  },
  Send({ event }, at) {
    this.send(event, at);
  },
};

/** Bytes that wait to be taken in pieces of any length. */
class Bytes {
  constructor() {
    this.pieces = [];
  }

  add(bytes) {
    this.pieces.push(bytes);
  }

  take(n) {
    const taken = new Uint8Array(n);
    let filled = 0;
    while (filled < n && this.pieces.length > 0) {
      const piece = this.pieces[0];
      const part = piece.subarray(0, n - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.pieces.shift();
      else this.pieces[0] = piece.subarray(part.length);
    }
    return taken;
  }
}

/** The sound of one side: pieces, each where it was played, none over another. */
class Track {
  constructor() {
    this.pieces = [];
    this.seconds = 0;
  }

  add(at, samples) {
    const start = Math.max(at, this.seconds, 0);
    this.pieces.push({ start, samples });
    this.seconds = start + samples.length / RATE_HZ;
  }

  /** The listener turned it off. */
  cut(at) {
    this.pieces = this.pieces
      .filter(({ start }) => start < at)
      .map(({ start, samples }) => ({
        start,
        samples: samples.subarray(0, Math.ceil((at - start) * RATE_HZ)),
      }));
    this.seconds = Math.min(this.seconds, at);
  }

  joined(seconds) {
    const all = new Float32Array(Math.ceil(seconds * RATE_HZ) + RATE_HZ);
    for (const { start, samples } of this.pieces) all.set(samples, Math.round(start * RATE_HZ));
    return all;
  }
}
