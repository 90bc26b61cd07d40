/** Playback of answers that come over a WebSocket, which are ours to play. */

import { RATE_HZ, fromBase64, samplesOf } from './pcm.js';

export class Player {
  /** Open the loudspeaker; only after a gesture of the user do browsers allow it. */
  static async open(onBegun) {
    const context = new AudioContext({ sampleRate: RATE_HZ });
    await context.audioWorklet.addModule(new URL('./player_worklet.js', import.meta.url));
    await context.resume();
    return new Player(context, onBegun);
  }

  constructor(context, onBegun) {
    this.context = context;
    this.isPlaying = false;
    this.analyser = context.createAnalyser();
    this.node = new AudioWorkletNode(context, 'player', {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this.node.connect(this.analyser).connect(context.destination);
    this.number = 0;
    this.waiting = new Map();
    this.node.port.onmessage = ({ data }) => {
      if (data.report === 'begun') onBegun(data.item);
      else if (data.report === 'playing') this.isPlaying = data.item !== null;
      else this.waiting.get(data.number)?.(data.cut);
    };
  }

  /** Add the sound of a delta to the queue. */
  play(item, base64) {
    const samples = samplesOf(fromBase64(base64));
    this.isPlaying = true;
    this.node.port.postMessage({ order: 'play', item, samples }, [samples.buffer]);
  }

  /** Be silent at once; return which item was cut and at which millisecond, or null. */
  async clear() {
    const number = ++this.number;
    this.isPlaying = false;
    const cut = await new Promise((done) => {
      this.waiting.set(number, done);
      this.node.port.postMessage({ order: 'clear', number });
    });
    this.waiting.delete(number);
    return cut === null ? null : { item: cut.item, ms: Math.floor((cut.played / RATE_HZ) * 1000) };
  }

  close() {
    this.node.disconnect();
    return this.context.close();
  }
}
