/** Hold to talk: with a pointer on the button, or with the space bar wherever it does nothing else. */

import { byId } from './dom.js';
import { isTypedInto } from './shortcuts.js';

/** Tell when the button, while it is shown, is pressed and released. */
export function startHolding({ press, release }) {
  const button = byId('hold');
  const isHeld = () => button.classList.contains('is-held');
  const down = () => {
    if (button.hidden || isHeld()) return;
    button.classList.add('is-held');
    press();
  };
  const up = () => {
    if (!isHeld()) return;
    button.classList.remove('is-held');
    release();
  };
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    down();
  });
  button.addEventListener('pointerup', up);
  button.addEventListener('pointercancel', up);
  document.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || button.hidden || !isOurs(event.target, button)) return;
    event.preventDefault();
    if (!event.repeat) down();
  });
  document.addEventListener('keyup', (event) => event.key === ' ' && up());
  window.addEventListener('blur', up);
}

function isOurs(target, button) {
  if (target === button) return true;
  return !isTypedInto(target) && target.closest('button, summary, dialog') === null;
}
