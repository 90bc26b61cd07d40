/** A session over a WebSocket: sound goes as events, and playing it is up to the page. */

import { Player } from './player.js';
import { pcmOf, toBase64 } from './pcm.js';

const OPEN_TIMEOUT_MS = 15_000;
const REASONS = {
  1006: 'The connection was lost.',
  1008: 'The server closed the connection: the page did not read fast enough.',
  1011: 'The server had an error and closed the connection.',
};

export class WebSocketLink {
  name = 'WebSocket';

  /**
   * Connect. `on`: event(event), sent(event), closed(reason or null), begun(itemId).
   * Raises an Error whose message is for people.
   */
  static async open({ key, model, on }) {
    const link = new WebSocketLink(on);
    link.player = await Player.open(on.begun);
    try {
      await link.connect(key, model);
    } catch (error) {
      await link.player.close();
      throw error;
    }
    return link;
  }

  constructor(on) {
    this.on = on;
    this.isTalking = true;
    this.capture = null;
    this.microphone = null;
    this.micAnalyser = null;
    this.clearing = Promise.resolve();
  }

  get answerAnalyser() {
    return this.player.analyser;
  }

  get isPlaying() {
    return this.player.isPlaying;
  }

  connect(key, model) {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const query = new URLSearchParams({ model, extensions: '1' });
    this.socket = new WebSocket(`${scheme}//${location.host}/v1/realtime?${query}`, [
      'realtime',
      `openai-insecure-api-key.${key}`,
    ]);
    let refusal = null;
    return new Promise((done, failed) => {
      const timer = setTimeout(() => {
        failed(new Error('The server does not answer.'));
        this.socket.close();
      }, OPEN_TIMEOUT_MS);
      this.socket.onmessage = ({ data }) => {
        const event = JSON.parse(data);
        if (event.type === 'session.created') done();
        if (event.type === 'error') refusal = event.error.message;
        this.hear(event);
      };
      this.socket.onclose = ({ code }) => {
        clearTimeout(timer);
        const reason =
          code === 1000 ? null : (refusal ?? REASONS[code] ?? `Closed with code ${code}.`);
        failed(new Error(reason ?? 'The server closed the connection.'));
        this.on.closed(reason);
      };
    });
  }

  hear(event) {
    if (event.type === 'response.output_audio.delta') this.player.play(event.item_id, event.delta);
    if (event.type === 'input_audio_buffer.speech_started') this.bargeIn?.();
    this.on.event(event);
  }

  send(event) {
    this.socket.send(JSON.stringify(event));
    this.on.sent(event);
  }

  /** Let the server hear the microphone. */
  async listenTo(stream) {
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL('./capture_worklet.js', import.meta.url));
    const source = context.createMediaStreamSource(stream);
    const node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0 });
    this.micAnalyser = context.createAnalyser();
    source.connect(this.micAnalyser);
    source.connect(node);
    node.port.onmessage = ({ data }) => {
      if (!this.isTalking || this.socket.readyState !== WebSocket.OPEN) return;
      this.send({ type: 'input_audio_buffer.append', audio: toBase64(pcmOf(data)) });
    };
    await context.resume();
    this.capture = context;
    this.microphone = stream;
  }

  /** Open or shut the microphone. */
  talk(isOpen) {
    this.isTalking = isOpen;
    this.microphone?.getAudioTracks().forEach((track) => (track.enabled = isOpen));
  }

  /** Be silent at once, and tell the server how much was heard. */
  async silence() {
    const cut = await this.player.clear();
    if (cut !== null && this.socket.readyState === WebSocket.OPEN) {
      this.send({
        type: 'conversation.item.truncate',
        item_id: cut.item,
        content_index: 0,
        audio_end_ms: cut.ms,
      });
    }
  }

  async close() {
    this.socket.close(1000);
    this.microphone?.getTracks().forEach((track) => track.stop());
    await this.capture?.close();
    await this.player.close();
  }
}
