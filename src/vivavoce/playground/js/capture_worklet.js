/** Hands on what the microphone hears, turned into 24 kHz, 40 ms at a time. */

const RATE_HZ = 24_000;
const CHUNK = 960;
const HALF_WIDTH = 16; // input samples on each side of an output sample, at the lower rate

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / RATE_HZ;
    // The filter passes what both rates can hold: its zeros lie one lower-rate sample apart.
    this.stretch = Math.max(1, this.step);
    this.reach = Math.ceil(HALF_WIDTH * this.stretch);
    this.heard = new Float32Array(this.reach * 2);
    this.position = this.reach;
    this.chunk = new Float32Array(CHUNK);
    this.filled = 0;
  }

  process([input]) {
    const channel = input[0];
    if (channel === undefined) return true;
    const joined = new Float32Array(this.heard.length + channel.length);
    joined.set(this.heard);
    joined.set(channel, this.heard.length);
    while (this.position + this.reach < joined.length) {
      this.put(this.at(joined, this.position));
      this.position += this.step;
    }
    const done = Math.max(0, Math.floor(this.position) - this.reach);
    this.heard = joined.slice(done);
    this.position -= done;
    return true;
  }

  /** The sound at a place between samples: a windowed sinc. */
  at(samples, position) {
    if (this.step === 1) return samples[position];
    const middle = Math.floor(position);
    let sum = 0;
    for (let index = middle - this.reach + 1; index <= middle + this.reach; index++) {
      const offset = (position - index) / this.stretch;
      if (Math.abs(offset) >= HALF_WIDTH) continue;
      const angle = Math.PI * offset;
      const sinc = offset === 0 ? 1 : Math.sin(angle) / angle;
      sum += samples[index] * sinc * (0.5 + 0.5 * Math.cos(angle / HALF_WIDTH));
    }
    return sum / this.stretch;
  }

  put(sample) {
    this.chunk[this.filled++] = sample;
    if (this.filled < CHUNK) return;
    this.port.postMessage(this.chunk, [this.chunk.buffer]);
    this.chunk = new Float32Array(CHUNK);
    this.filled = 0;
  }
}

registerProcessor('capture', Capture);
