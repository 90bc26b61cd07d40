/** Plays a recording: its sound, and its events each at its moment. */

import { byId, clockTime, drawn } from './dom.js';
import { RATE_HZ } from './pcm.js';

const PLAY = 'M6.5 4v12l9.5-6z';
const PAUSE = 'M6 4.5h3v11H6zM11.5 4.5h3v11h-3z';

export class Replay {
  /** `on`: restarted(), moment(moment), analysers(you, answer), playing(bool), closed(). */
  constructor(on) {
    this.on = on;
    this.recording = null;
    this.at = 0;
    this.next = 0;
    this.context = null;
    this.button = byId('replay-play');
    this.slider = byId('replay-at');
    this.button.addEventListener('click', () => this.toggle());
    this.slider.addEventListener('input', () => this.seek(Number(this.slider.value)));
    byId('replay-close').addEventListener('click', () => this.close());
  }

  get isOpen() {
    return this.recording !== null;
  }

  /** Show a recording, at its beginning. */
  open(recording, name) {
    this.stopSound();
    this.recording = recording;
    byId('replay').hidden = false;
    const sound = recording.hasSound ? '' : ' · recorded without sound';
    byId('replay-name').textContent = `${name}${sound}`;
    this.slider.max = String(recording.seconds);
    this.context ??= new AudioContext({ sampleRate: RATE_HZ });
    this.sides = ['you', 'answer'].map((side) => this.prepare(recording[side]));
    this.on.analysers(this.sides[0].analyser, this.sides[1].analyser);
    this.seek(0);
  }

  prepare(samples) {
    const buffer = this.context.createBuffer(1, samples.length, RATE_HZ);
    buffer.copyToChannel(samples, 0);
    const analyser = this.context.createAnalyser();
    analyser.connect(this.context.destination);
    return { buffer, analyser, source: null };
  }

  async toggle() {
    if (this.isPlaying) {
      this.stopSound();
      return;
    }
    await this.context.resume();
    if (this.at >= this.recording.seconds) this.seek(0);
    this.start();
  }

  start() {
    this.startedAt = this.context.currentTime - this.at;
    for (const side of this.sides) {
      side.source = this.context.createBufferSource();
      side.source.buffer = side.buffer;
      side.source.connect(side.analyser);
      side.source.start(0, this.at);
    }
    this.showPlaying(true);
    requestAnimationFrame(() => this.tick());
  }

  tick() {
    if (!this.isPlaying) return;
    this.at = Math.min(this.context.currentTime - this.startedAt, this.recording.seconds);
    this.show();
    if (this.at >= this.recording.seconds) this.stopSound();
    else requestAnimationFrame(() => this.tick());
  }

  /** Go to a moment: everything up to it is told anew. */
  seek(seconds) {
    const wasPlaying = this.isPlaying;
    this.stopSound();
    this.at = seconds;
    this.next = 0;
    this.on.restarted();
    this.show();
    if (wasPlaying) this.start();
  }

  show() {
    const { moments, seconds } = this.recording;
    while (this.next < moments.length && moments[this.next].at <= this.at * 1000) {
      this.on.moment(moments[this.next++]);
    }
    this.slider.value = String(this.at);
    const where = `${clockTime(this.at)} of ${clockTime(seconds)}`;
    this.slider.setAttribute('aria-valuetext', where);
    byId('replay-time').textContent = where;
  }

  stopSound() {
    for (const side of this.sides ?? []) {
      side.source?.stop();
      side.source?.disconnect();
      side.source = null;
    }
    this.showPlaying(false);
  }

  showPlaying(isPlaying) {
    this.isPlaying = isPlaying;
    this.button.setAttribute('aria-label', isPlaying ? 'Pause' : 'Play');
    const path = drawn('path', { class: 'fill', d: isPlaying ? PAUSE : PLAY });
    this.button.replaceChildren(
      drawn('svg', { 'aria-hidden': 'true', viewBox: '0 0 20 20' }, path),
    );
    this.on.playing(isPlaying);
  }

  close() {
    if (!this.isOpen) return;
    this.stopSound();
    this.recording = null;
    this.sides = [];
    byId('replay').hidden = true;
    this.on.closed();
  }
}
