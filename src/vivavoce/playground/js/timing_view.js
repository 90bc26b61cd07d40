/** Draws the waterfall of each turn. */

import { byId, drawn, element } from './dom.js';
import { STEPS } from './timings.js';

const WIDTH = 360;
const NAME_WIDTH = 84;
const VALUE_WIDTH = 64;
const LANE = 22;
const AXIS = 16;
const ROUND_STEPS_MS = [50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000];

export class TimingView {
  constructor() {
    this.panel = byId('timing');
    this.nothing = this.panel.firstElementChild;
  }

  clear() {
    this.panel.replaceChildren(this.nothing);
  }

  /** Show all turns, the newest first; `wordsOf` tells what was said in an item. */
  update(all, wordsOf) {
    const turns = all.filter(({ marks }) => STEPS.some(([step]) => marks[step] !== undefined));
    if (turns.length === 0) return;
    const cards = [...turns].reverse().map((turn) => card(turn, wordsOf));
    this.panel.replaceChildren(summary(turns), ...cards);
  }
}

function summary(turns) {
  const totals = turns
    .map(total)
    .filter((ms) => ms !== undefined)
    .sort((a, b) => a - b);
  const middle = totals.length === 0 ? '–' : milliseconds(totals[Math.floor(totals.length / 2)]);
  const turnsWord = turns.length === 1 ? 'in 1 turn' : `median of ${turns.length} turns`;
  return element(
    'p',
    { class: 'summary' },
    element('b', {}, middle),
    `to the first sound, ${turnsWord}`,
  );
}

function card(turn, wordsOf) {
  const words = turn.words || wordsOf(turn.itemId) || 'Spoken turn';
  const ms = total(turn);
  return element(
    'article',
    { class: 'turn' },
    element(
      'h3',
      {},
      element('span', { title: words }, words),
      element('span', { class: 'total' }, ms === undefined ? '' : milliseconds(ms)),
    ),
    waterfall(turn.marks, turn.isTyped),
    turn.reason === 'turn_detected'
      ? element('p', { class: 'note' }, 'You interrupted this answer.')
      : null,
    turn.isMeasured || turn.isRecorded
      ? null
      : element('p', { class: 'note' }, 'Estimated from the arrival of events.'),
  );
}

function waterfall(marks, isTyped) {
  const lanes = STEPS.filter(([step]) => marks[step] !== undefined).map(([step, name]) => ({
    step,
    name,
    end: Math.max(0, marks[step]),
  }));
  const spans = withStarts(lanes);
  const longest = Math.max(...lanes.map(({ end }) => end), 1);
  const every = ROUND_STEPS_MS.find((step) => longest / step <= 4.2) ?? longest / 4;
  const scale = (WIDTH - NAME_WIDTH - VALUE_WIDTH) / longest;
  const x = (ms) => NAME_WIDTH + ms * scale;
  const height = lanes.length * LANE + AXIS;
  const origin = isTyped ? 'the request' : 'the end of speech';
  const said = lanes.map(({ name, end }) => `${name} after ${milliseconds(end)}`).join(', ');
  return drawn(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': `From ${origin}: ${said}.` },
    ...ticks(longest, every).flatMap((ms) => [
      drawn('line', { class: 'grid', x1: x(ms), x2: x(ms), y1: 0, y2: height - AXIS }),
      drawn(
        'text',
        { class: 'axis', x: x(ms), y: height - 3, 'text-anchor': 'middle' },
        axisText(ms),
      ),
    ]),
    ...spans.flatMap((span, index) => lane(span, index, x)),
    turnEnd(marks, x, height),
  );
}

function lane({ step, name, start, end }, index, x) {
  const y = index * LANE;
  const width = Math.max(3, x(end) - x(start));
  return [
    drawn('text', { class: 'name', x: NAME_WIDTH - 10, y: y + 15, 'text-anchor': 'end' }, name),
    drawn('rect', { class: step, x: x(start), y: y + 5, width, height: LANE - 10, rx: 3.5 }),
    drawn(
      'text',
      { class: 'value', x: WIDTH - 2, y: y + 15, 'text-anchor': 'end' },
      milliseconds(end),
    ),
  ];
}

/** A step begins where the latest step that was over before it ended. */
function withStarts(lanes) {
  return lanes.map((one, index) => {
    // Recognising goes on while the end of the turn is waited for.
    if (one.step === 'speech_stopped' || one.step === 'transcript') return { ...one, start: 0 };
    const earlier = lanes
      .slice(0, index)
      .filter(({ step, end }) => step !== 'speech_stopped' && end <= one.end);
    const isHeldBack = one.step !== 'first_token';
    const gate = lanes.filter(
      ({ step, end }) => isHeldBack && step === 'speech_stopped' && end <= one.end,
    );
    return { ...one, start: Math.max(0, ...[...earlier, ...gate].map(({ end }) => end)) };
  });
}

function turnEnd(marks, x, height) {
  if (marks.speech_stopped === undefined) return null;
  const at = x(marks.speech_stopped);
  return drawn('line', { class: 'turn-end', x1: at, x2: at, y1: 0, y2: height - AXIS });
}

function ticks(longest, every) {
  const found = [];
  for (let ms = 0; ms <= longest; ms += every) found.push(ms);
  return found;
}

function total({ marks }) {
  return marks.first_audio ?? marks.first_token;
}

function axisText(ms) {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms}`;
}

function milliseconds(ms) {
  return ms < 10_000 ? `${Math.round(ms).toLocaleString('en')} ms` : `${(ms / 1000).toFixed(1)} s`;
}
