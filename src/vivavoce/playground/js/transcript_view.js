/** Shows a conversation, and says aloud to screen readers what is final. */

import { byId, element } from './dom.js';

const WHO = { user: 'You', assistant: 'Answer', tool: 'Tool', system: 'System', notice: 'Server' };
const NEAR_END_PX = 120;

export class TranscriptView {
  /** `decide(requestId, isApproved)` is told what the user decided about a tool. */
  constructor(decide) {
    this.decide = decide;
    this.list = byId('entries');
    this.scroller = byId('transcript');
    this.announcer = byId('announcer');
    this.shown = new Map();
  }

  clear() {
    this.list.replaceChildren();
    this.announcer.replaceChildren();
    this.shown.clear();
  }

  /** Show these entries as they are now; new ones go to the end. */
  update(entries) {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    for (const entry of entries) this.show(entry);
    if (isAtEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Read an entry aloud, once it is final. */
  announce(entry) {
    const text = [entry.text, entry.note].filter(Boolean).join('. ');
    if (text !== '') this.announcer.append(element('p', {}, `${WHO[entry.kind]}: ${text}`));
    while (this.announcer.childElementCount > 20) this.announcer.firstElementChild.remove();
  }

  show(entry) {
    let row = this.shown.get(entry.id);
    if (row === undefined) {
      row = element('li', { class: 'entry', 'data-kind': entry.kind });
      this.shown.set(entry.id, row);
      this.list.append(row);
    }
    row.replaceChildren(
      element('span', { class: 'who' }, WHO[entry.kind]),
      element(
        'div',
        {},
        entry.picture ? element('img', { src: entry.picture, alt: 'Picture that was sent' }) : null,
        entry.text || entry.unheard || entry.isPartial ? said(entry) : null,
        entry.note ? element('p', { class: entry.isBad ? 'note bad' : 'note' }, entry.note) : null,
        entry.requestId ? this.question(entry) : null,
      ),
    );
  }

  question({ requestId, text }) {
    const answer = (isApproved) => () => {
      this.scroller.focus(); // the buttons go
      this.decide(requestId, isApproved);
    };
    return element(
      'div',
      { class: 'question', role: 'group', 'aria-label': text },
      choice('Approve', answer(true), true),
      choice('Reject', answer(false), false),
    );
  }
}

function choice(text, onclick, isPrimary) {
  return element('button', { type: 'button', class: isPrimary ? 'primary' : false, onclick }, text);
}

function said({ text, unheard, isPartial }) {
  const shown = element('p', { class: isPartial ? 'said is-partial' : 'said' }, text);
  if (unheard !== '') {
    const hint = element('span', { class: 'hidden' }, ' Not heard: ');
    const gap = /^\s/.test(unheard) ? ' ' : '';
    shown.append(gap, hint, element('s', {}, unheard.trim()));
  }
  if (isPartial) shown.append(element('span', { class: 'dots', 'aria-hidden': 'true' }));
  return shown;
}
