/** Plays answers from a queue, and knows to the sample how much of each was played. */

const REPORT_EVERY = 10; // calls of 128 samples: 53 ms

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.played = new Map();
    this.calls = 0;
    this.port.onmessage = ({ data }) => {
      if (data.order === 'play')
        this.queue.push({ item: data.item, samples: data.samples, next: 0 });
      else this.clear(data.number);
    };
  }

  clear(number) {
    const current = this.queue[0] ?? null;
    const cut =
      current === null ? null : { item: current.item, played: this.played.get(current.item) ?? 0 };
    this.queue = [];
    this.port.postMessage({ report: 'cleared', number, cut });
  }

  process(_inputs, [output]) {
    const channel = output[0];
    let filled = 0;
    while (filled < channel.length && this.queue.length > 0) {
      filled += this.copy(this.queue[0], channel, filled);
    }
    if (++this.calls % REPORT_EVERY === 0) {
      this.port.postMessage({ report: 'playing', item: this.queue[0]?.item ?? null });
    }
    return true;
  }

  copy(chunk, channel, start) {
    const { item, samples, next } = chunk;
    const n = Math.min(channel.length - start, samples.length - next);
    channel.set(samples.subarray(next, next + n), start);
    chunk.next += n;
    const before = this.played.get(item) ?? 0;
    if (before === 0 && n > 0) this.port.postMessage({ report: 'begun', item });
    this.played.set(item, before + n);
    if (chunk.next === samples.length) this.queue.shift();
    return n;
  }
}

registerProcessor('player', Player);
