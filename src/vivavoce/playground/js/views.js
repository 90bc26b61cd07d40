/** What is shown: tabs beside the conversation on a wide screen, one part at a time on a phone. */

import { byId, tabbed } from './dom.js';

/** Let tabs and the bar of views choose; returns `showView`, which chooses from elsewhere. */
export function startViews({ eventsShown }) {
  const selectTab = tabbed(document.querySelector('#insight .tabs'), (tab) => {
    const name = tab.getAttribute('aria-controls');
    byId('timing').hidden = name !== 'timing';
    byId('events').hidden = name !== 'events';
    if (name === 'events') eventsShown();
  });
  const buttons = [...document.querySelectorAll('.views button')];
  const showView = (name) => {
    document.body.dataset.view = name;
    for (const button of buttons) {
      if (button.dataset.view === name) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
    if (name === 'timing' || name === 'events') selectTab(byId(`tab-${name}`));
  };
  for (const button of buttons) {
    button.addEventListener('click', () => showView(button.dataset.view));
  }
  return { showView };
}
