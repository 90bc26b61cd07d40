/** The dialog that lists recorded sessions. */

import { byId, clockTime, element } from './dom.js';
import { parseRecording } from './recording.js';
import { listRecordings, readRecording } from './server.js';

const OFF =
  'The flight recorder is off. Turn it on in the configuration ([session] record = "full", or ' +
  '"lengths" to keep no sound), or start the server with VIVAVOCE_SESSION__RECORD=full.';

export class RecordingsDialog {
  /** `opened` gets a recording and a name for it. */
  constructor(opened) {
    this.dialog = byId('recordings');
    this.list = byId('recordings-list');
    this.opened = opened;
  }

  async open(key, records) {
    this.list.replaceChildren(element('p', {}, 'Looking …'));
    this.dialog.showModal();
    try {
      const found = await listRecordings(key);
      const hint = records === 'off' ? OFF : 'Every session is recorded while this server runs.';
      this.list.replaceChildren(
        element('p', {}, hint),
        ...found.map((one) => this.row(one, key)),
        found.length === 0 && records !== 'off' ? element('p', {}, 'There is none yet.') : '',
      );
    } catch (error) {
      this.list.replaceChildren(element('p', { role: 'alert' }, error.message));
    }
  }

  row(recorded, key) {
    const when = new Date(recorded.started_at * 1000).toLocaleString([], {
      dateStyle: 'medium',
      timeStyle: 'medium',
    });
    const length = recorded.duration_s === null ? '' : clockTime(recorded.duration_s);
    return element(
      'button',
      { type: 'button', onclick: () => this.choose(recorded, key, when) },
      element('span', {}, when, ' ', element('small', {}, recorded.model || recorded.kind)),
      element('span', {}, length),
      element('small', {}, `${(recorded.size_bytes / 1e6).toFixed(1)} MB`),
    );
  }

  async choose(recorded, key, when) {
    try {
      const recording = parseRecording(await readRecording(key, recorded.name));
      this.dialog.close();
      this.opened(recording, when);
    } catch (error) {
      this.list.prepend(element('p', { role: 'alert' }, `It cannot be opened: ${error.message}`));
    }
  }
}
