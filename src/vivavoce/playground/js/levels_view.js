/** Level meters: two bars, and a strip of the last seconds, yours above and the answer's below. */

import { byId } from './dom.js';

const QUIETEST_DB = -60;
const SPAN_S = 8;
const BARS_PER_S = 20;
const TOLD_EVERY_MS = 250; // screen readers and tests read the meters' values

export class LevelsView {
  constructor() {
    this.canvas = byId('strip');
    this.sides = [
      { meter: byId('level-you'), analyser: () => null, history: [], db: QUIETEST_DB },
      {
        meter: byId('level-answer'),
        analyser: () => null,
        history: [],
        db: QUIETEST_DB,
      },
    ];
    this.isCalm = matchMedia('(prefers-reduced-motion: reduce)');
    this.lastBar = 0;
    this.lastTold = 0;
    this.isRunning = false;
    new ResizeObserver(() => this.draw(performance.now())).observe(this.canvas);
  }

  /** Follow two analysers; each is given as a function, for it may come and go. */
  follow(you, answer) {
    [this.sides[0].analyser, this.sides[1].analyser] = [you, answer];
    for (const side of this.sides) side.history = [];
    if (this.isRunning) return;
    this.isRunning = true;
    byId('levels').hidden = false;
    requestAnimationFrame((now) => this.tick(now));
  }

  /** Nothing is to be heard: the meters go away. */
  rest() {
    this.isRunning = false;
    byId('levels').hidden = true;
    for (const side of this.sides) {
      side.db = QUIETEST_DB;
      this.tell(side);
    }
  }

  tick(now) {
    if (!this.isRunning) return;
    for (const side of this.sides) {
      side.db = Math.max(levelOf(side.analyser()), side.db - 1.5);
      side.meter.firstElementChild.style.transform = `scaleX(${shareOf(side.db)})`;
    }
    if (now - this.lastBar > 1000 / BARS_PER_S) {
      this.lastBar = now;
      for (const side of this.sides) {
        side.history.push(shareOf(side.db));
        if (side.history.length > SPAN_S * BARS_PER_S) side.history.shift();
      }
    }
    if (now - this.lastTold > TOLD_EVERY_MS) {
      this.lastTold = now;
      this.sides.forEach((side) => this.tell(side));
    }
    this.draw(now);
    requestAnimationFrame((next) => this.tick(next));
  }

  tell({ meter, db }) {
    meter.setAttribute('aria-valuenow', String(Math.round(db)));
    meter.firstElementChild.style.transform = `scaleX(${shareOf(db)})`;
  }

  draw() {
    const ratio = devicePixelRatio;
    const width = this.canvas.clientWidth * ratio;
    const height = this.canvas.clientHeight * ratio;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const pen = this.canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.canvas);
    pen.fillStyle = style.getPropertyValue('--line');
    pen.fillRect(0, height / 2 - ratio / 2, width, ratio);
    if (this.isCalm.matches) return;
    const step = width / (SPAN_S * BARS_PER_S);
    this.sides.forEach(({ meter, history }, below) => {
      pen.fillStyle = getComputedStyle(meter).color;
      history.forEach((share, index) => {
        const x = width - (history.length - index) * step;
        const length = share * (height / 2 - 2 * ratio);
        pen.globalAlpha = 0.35 + 0.65 * (index / (SPAN_S * BARS_PER_S));
        pen.beginPath();
        const top = below ? height / 2 + ratio : height / 2 - ratio - length;
        pen.roundRect(x, top, Math.max(1, step * 0.62), Math.max(0, length), step * 0.3);
        pen.fill();
      });
    });
    pen.globalAlpha = 1;
  }
}

/** The level in decibels below full scale. */
function levelOf(analyser) {
  if (analyser === null || analyser === undefined) return QUIETEST_DB;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(0, Math.max(QUIETEST_DB, 10 * Math.log10(power + 1e-12)));
}

function shareOf(db) {
  return Math.min(1, Math.max(0, (db - QUIETEST_DB) / (-6 - QUIETEST_DB)));
}
