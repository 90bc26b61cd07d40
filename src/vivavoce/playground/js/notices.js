/** What the user must know and can put aside. */

import { byId, element } from './dom.js';

/** Show a sentence until it is put aside; the same sentence is not shown twice. */
export function notice(text, kind = 'warn') {
  const list = byId('notices');
  if ([...list.children].some((one) => one.dataset.text === text)) return;
  const close = element(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': `Put aside: ${text}` },
    'OK',
  );
  const shown = element(
    'div',
    { class: kind === 'bad' ? 'notice bad' : 'notice', 'data-text': text },
    element('p', {}, text),
    close,
  );
  close.addEventListener('click', () => shown.remove());
  list.append(shown);
}

/** Put everything aside. */
export function clearNotices() {
  byId('notices').replaceChildren();
}
