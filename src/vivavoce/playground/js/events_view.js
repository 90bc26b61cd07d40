/** The list of events: those sent and those received, with a filter and a view of each. */

import { byId, element } from './dom.js';

const MAX_KEPT = 20_000;
const MAX_SHOWN = 400;
const LONG = 400; // characters of base64 beyond which a value is only counted
const STREAMS = /(\.delta$|^input_audio_buffer\.append$|^vivavoce\.transcript\.partial$)/;

export class EventsView {
  constructor() {
    this.list = byId('event-list');
    this.filter = byId('events-filter');
    this.boxes = ['sent', 'received', 'deltas'].map((name) => byId(`events-${name}`));
    this.events = [];
    this.isStale = false;
    for (const input of [this.filter, ...this.boxes]) {
      input.addEventListener('input', () => this.redraw());
    }
  }

  clear() {
    this.events = [];
    this.redraw();
  }

  /** Add an event; it is drawn with the next frame, together with its neighbours. */
  add(direction, event, at) {
    const kept = { direction, event: shortened(event), at, text: null };
    this.events.push(kept);
    if (this.events.length > MAX_KEPT) this.events.shift();
    if (this.isStale) return;
    this.isStale = true;
    requestAnimationFrame(() => this.drawNew());
  }

  drawNew() {
    this.isStale = false;
    const isAtEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    const last = this.list.lastElementChild?.entry;
    const start = last === undefined ? 0 : this.events.lastIndexOf(last) + 1;
    const fits = this.fits();
    this.list.append(...this.events.slice(start).filter(fits).map(row));
    while (this.list.childElementCount > MAX_SHOWN) this.list.firstElementChild.remove();
    this.count(fits);
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  redraw() {
    const fits = this.fits();
    this.list.replaceChildren(...this.events.filter(fits).slice(-MAX_SHOWN).map(row));
    this.count(fits);
    this.list.scrollTop = this.list.scrollHeight;
  }

  count(fits) {
    byId('events-count').textContent = String(this.events.length);
    const n = this.events.filter(fits).length;
    const last = n > MAX_SHOWN ? `the last ${MAX_SHOWN} of ` : '';
    byId('events-shown').textContent = `Shown: ${last}${n} of ${this.events.length} events.`;
  }

  fits() {
    const wanted = this.filter.value.trim().toLowerCase();
    const [sent, received, deltas] = this.boxes.map((box) => box.checked);
    return (kept) => {
      if (kept.direction === 'sent' ? !sent : !received) return false;
      if (!deltas && STREAMS.test(kept.event.type)) return false;
      if (wanted === '') return true;
      kept.text ??= JSON.stringify(kept.event).toLowerCase();
      return kept.text.includes(wanted);
    };
  }
}

function row(entry) {
  const { direction, event, at } = entry;
  const isError = event.type === 'error' || event.response?.status === 'failed';
  const details = element(
    'details',
    { class: isError ? 'is-error' : false },
    element(
      'summary',
      {},
      element('time', {}, (at / 1000).toFixed(3)),
      element(
        'span',
        { class: direction, title: direction, role: 'img', 'aria-label': direction },
        direction === 'sent' ? '↑' : '↓',
      ),
      element('span', { class: 'type', title: event.type }, event.type),
    ),
  );
  details.entry = entry;
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) {
      details.append(element('pre', {}, JSON.stringify(event, null, 2)));
    }
  });
  return details;
}

/** Sound and pictures are counted, not kept: they would fill the memory. */
function shortened(value) {
  if (typeof value === 'string') {
    return value.length > LONG && /^(data:|[A-Za-z0-9+/]+=*$)/.test(value)
      ? `(${value.length.toLocaleString('en')} characters of base64)`
      : value;
  }
  if (Array.isArray(value)) return value.map(shortened);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortened(one)]));
}
