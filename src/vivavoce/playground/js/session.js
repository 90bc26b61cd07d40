/** One session with the server: keys, connection, microphone, tools, what happens when. */

import { mintKey, Refused } from './server.js';
import { CallsUnderWay } from './calls_under_way.js';
import { openMicrophone } from './microphone.js';
import { sessionOf, updateOf } from './session_config.js';
import { runTool } from './tool.js';
import { WebRtcLink } from './webrtc_link.js';
import { WebSocketLink } from './websocket_link.js';

export class Session {
  /**
   * `on`: event(direction, event, at_ms), fellBack(reason), begun(itemId, at_ms), changed(),
   * ended(reason or null). `key`: the user's own, or null. `serverGoesOn`: whether the server itself
   * goes on after its tools.
   */
  constructor({ key, choices, serverGoesOn, on }) {
    this.key = key;
    this.choices = choices;
    this.on = on;
    this.link = null;
    this.isMuted = false;
    this.isOver = false;
    this.activeResponse = null;
    this.isHearing = false;
    this.isThinking = false;
    this.calls = new CallsUnderWay({ serverGoesOn });
    this.began = performance.now();
    this.n = 0;
  }

  /** Begin; with a microphone it is a talk, without one the user types. */
  async start({ withMicrophone }) {
    const microphone = withMicrophone ? await openMicrophone() : null;
    try {
      const key = await mintKey(this.key, sessionOf(this.choices));
      this.link = await this.connect(key, microphone);
    } catch (error) {
      microphone?.getTracks().forEach((track) => track.stop());
      throw error;
    }
    if (this.isHeld) this.link.talk(false);
    this.on.changed();
  }

  get hasMicrophone() {
    return Boolean(this.link?.microphone);
  }

  /** Whether turns end when the user lets go of a button. */
  get isHeld() {
    return this.choices.turns === 'none';
  }

  get state() {
    if (this.link === null) return 'connecting';
    if (this.isHearing) return 'hearing';
    if (this.link.isPlaying) return 'speaking';
    if (this.activeResponse !== null || this.isThinking) return 'thinking';
    return 'listening';
  }

  async connect(key, microphone) {
    const on = {
      event: (event) => this.receive(event),
      sent: (event) => this.on.event('sent', event, this.now()),
      closed: (reason) => this.finish(reason),
      begun: (item) => this.on.begun(item, this.now()),
    };
    const wanted = this.choices.transport;
    if (microphone !== null && wanted !== 'websocket') {
      try {
        return await WebRtcLink.open({ key, microphone, on });
      } catch (error) {
        const isFinal = error instanceof Refused && [400, 401, 403, 429].includes(error.status);
        if (wanted === 'webrtc' || isFinal) throw error;
        this.on.fellBack(error.message);
      }
    }
    const link = await WebSocketLink.open({ key, model: this.choices.model, on });
    link.bargeIn = () => this.choices.interrupts && link.silence();
    if (microphone !== null) await link.listenTo(microphone);
    return link;
  }

  /** Add the microphone to a session that began with typing. */
  async addMicrophone() {
    await this.link.listenTo(await openMicrophone());
    if (this.isHeld) this.link.talk(false);
    this.on.changed();
  }

  now() {
    return performance.now() - this.began;
  }

  send(event) {
    this.link.send({ event_id: `page_${++this.n}`, ...event });
  }

  /** Say something in writing, with a picture (a data URL) or without. */
  say(text, picture) {
    const content = [];
    if (picture) content.push({ type: 'input_image', image_url: picture });
    if (text) content.push({ type: 'input_text', text });
    this.stopAnswer();
    const id = `typed_${Date.now().toString(36)}_${++this.n}`;
    this.send({
      type: 'conversation.item.create',
      item: { id, type: 'message', role: 'user', content },
    });
    // A picture may be refused; an answer without having seen it would only confuse.
    if (picture) this.awaited = id;
    else this.send({ type: 'response.create' });
  }

  stopAnswer() {
    if (this.activeResponse !== null) this.send({ type: 'response.cancel' });
    this.activeResponse = null;
    return this.link.silence();
  }

  mute(isMuted) {
    this.isMuted = isMuted;
    this.link.talk(!isMuted);
    this.on.changed();
  }

  /** The button is held: what is said from now on is one turn. */
  press() {
    this.stopAnswer();
    this.send({ type: 'input_audio_buffer.clear' });
    this.link.talk(true);
    this.isHearing = true;
    this.on.changed();
  }

  release() {
    this.link.talk(false);
    this.isHearing = false;
    this.send({ type: 'input_audio_buffer.commit' });
    this.send({ type: 'response.create' });
    this.on.changed();
  }

  /** Take over other settings, as far as a running session can. */
  update(choices) {
    const wasHeld = this.isHeld;
    this.choices = { ...choices, model: this.choices.model, transport: this.choices.transport };
    if (wasHeld !== this.isHeld) this.link.talk(!this.isHeld && !this.isMuted);
    const session = updateOf(this.choices);
    if (this.hasSpoken) delete session.audio.output.voice; // it is fixed once it has spoken
    this.send({ type: 'session.update', session });
    this.on.changed();
  }

  async end() {
    if (this.link !== null) await this.link.close();
    this.finish(null);
  }

  finish(reason) {
    if (this.isOver || this.link === null) return;
    this.isOver = true;
    this.on.ended(reason);
  }

  receive(event) {
    this.on.event('received', event, this.now());
    this.calls.apply(event);
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.isHearing = true;
        break;
      case 'input_audio_buffer.speech_stopped':
        this.isHearing = false;
        this.isThinking = true;
        break;
      case 'conversation.item.added':
        if (event.item.id === this.awaited) this.send({ type: 'response.create' });
        break;
      case 'response.created':
        this.activeResponse = event.response.id;
        break;
      case 'response.content_part.added':
        this.hasSpoken ||= event.part.type === 'audio';
        break;
      case 'response.output_item.done':
        if (event.item.type === 'function_call') this.call(event.item);
        break;
      case 'response.done':
        this.isThinking = false;
        if (this.activeResponse === event.response.id) this.activeResponse = null;
        break;
      case 'error':
        this.isThinking = false;
        break;
    }
    this.goOn();
    this.on.changed();
  }

  /** Ask for the next answer when the tools have brought what they were called for. */
  goOn() {
    if (!this.calls.areDue || this.activeResponse !== null || this.isHearing) return;
    this.calls.settle();
    this.send({ type: 'response.create' });
  }

  /** Tell the server whether a tool may run. */
  decide(requestId, isApproved) {
    this.send({
      type: 'conversation.item.create',
      item: {
        type: 'mcp_approval_response',
        approval_request_id: requestId,
        approve: isApproved,
      },
    });
  }

  call({ name, call_id, arguments: args }) {
    const output = runTool(name, args);
    this.send({
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id, output },
    });
  }
}
