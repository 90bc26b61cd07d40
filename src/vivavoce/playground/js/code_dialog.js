/** The dialog that shows the session as code. */

import { byId, element, tabbed } from './dom.js';
import { LANGUAGES } from './code.js';
import { BASE_URL } from './server.js';

export class CodeDialog {
  constructor() {
    this.dialog = byId('code');
    this.chosen = LANGUAGES[0];
    byId('code-tabs').replaceChildren(
      ...LANGUAGES.map(({ name }, index) =>
        element(
          'button',
          {
            type: 'button',
            role: 'tab',
            'aria-selected': String(index === 0),
            tabindex: index === 0 ? '0' : '-1',
          },
          name,
        ),
      ),
    );
    tabbed(byId('code-tabs'), (tab) => {
      this.chosen = LANGUAGES.find(({ name }) => name === tab.textContent);
      this.write();
    });
    byId('code-copy').addEventListener('click', () => this.copy());
  }

  open(session, { needsKey, serverGoesOn }) {
    this.session = session;
    this.server = { baseUrl: BASE_URL, needsKey, serverGoesOn };
    this.write();
    this.dialog.showModal();
  }

  write() {
    byId('code-hint').textContent = this.chosen.hint;
    byId('code-text').textContent = this.chosen.write(this.session, this.server);
    byId('code-copied').textContent = '';
  }

  async copy() {
    const code = byId('code-text');
    try {
      await navigator.clipboard.writeText(code.textContent);
      byId('code-copied').textContent = 'Copied.';
    } catch {
      getSelection().selectAllChildren(code);
      byId('code-copied').textContent = 'Selected: copy it with your keyboard.';
    }
  }
}
