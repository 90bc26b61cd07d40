/** Keyboard shortcuts: single keys, which can be turned off, and never while somebody types. */

import { byId, element } from './dom.js';

const KEY = 'vivavoce.shortcuts';

/** Listen for keys; `shortcuts`: {key, name, what, act}; without `act` they are only listed. */
export function startShortcuts(shortcuts) {
  const box = byId('shortcuts-on');
  box.checked = localStorage.getItem(KEY) !== 'off';
  box.addEventListener('change', () => localStorage.setItem(KEY, box.checked ? 'on' : 'off'));
  byId('shortcuts-list').replaceChildren(
    ...shortcuts.flatMap(({ name, what }) => [
      element('dt', {}, element('kbd', {}, name)),
      element('dd', {}, what),
    ]),
  );
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const isEscape = event.key === 'Escape';
    if (!isEscape && (!box.checked || isTypedInto(event.target))) return;
    const found = shortcuts.find(({ key }) => key === event.key.toLowerCase());
    if (found?.act === undefined || event.repeat) return; // what has no act is told elsewhere
    event.preventDefault();
    found.act();
  });
}

/** Whether a key belongs to the element that has the focus. */
export function isTypedInto(target) {
  return target.closest('input, textarea, select') !== null;
}
