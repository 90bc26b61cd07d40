/** The form with what is to be chosen for a session; it remembers, for this browser. */

import { byId, element } from './dom.js';
import { offerLabels, readServerTools, recallLabels } from './server_tools.js';

const KEY = 'vivavoce.choices';

export class SettingsForm {
  /** `changed` is told whenever the user changed something, after a short pause. */
  constructor(changed) {
    this.form = byId('settings-form');
    this.show();
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.form.addEventListener('input', () => this.show());
    this.form.addEventListener('change', () => {
      this.remember();
      changed(this.read());
    });
  }

  /** Offer what the server has. */
  offer(setup) {
    const { model, voice, instructions, silence } = this.form.elements;
    model.replaceChildren(...setup.models.map((name) => element('option', { value: name }, name)));
    model.value = setup.default_model;
    const voices = setup.voices.length > 0 ? setup.voices : [setup.default_voice];
    voice.replaceChildren(...voices.map((name) => element('option', { value: name }, name)));
    voice.value = setup.default_voice;
    instructions.value = setup.instructions;
    silence.value = setup.silence_duration_ms;
    offerLabels(setup.tool_labels);
    this.recall(setup);
    this.form.inert = false;
    this.show();
  }

  /** Return the choices, as `sessionOf` wants them. */
  read() {
    const { elements } = this.form;
    return {
      instructions: elements.instructions.value,
      voice: elements.voice.value,
      speed: Number(elements.speed.value),
      model: elements.model.value,
      turns: elements.turns.value,
      silence: Number(elements.silence.value),
      eagerness: elements.eagerness.value,
      interrupts: elements.interrupts.checked,
      transcribes: elements.transcribes.checked,
      tool: elements.tool.checked,
      modality: elements.modality.value,
      noise: elements.noise.value,
      transport: elements.transport.value,
      ...readServerTools(this.form),
    };
  }

  show() {
    const { turns, speed, silence } = this.form.elements;
    for (const part of this.form.querySelectorAll('[data-for]')) {
      part.hidden = !part.dataset.for.split(' ').includes(turns.value);
    }
    byId('speed-shown').textContent = `${Number(speed.value).toFixed(2)}×`;
    byId('silence-shown').textContent = `${silence.value} ms`;
  }

  remember() {
    const { instructions, ...choices } = this.read();
    const own = instructions === this.offered?.instructions ? {} : { instructions };
    localStorage.setItem(KEY, JSON.stringify({ ...choices, ...own }));
  }

  /** Choose again what was chosen last, where the server still has it. */
  recall(setup) {
    this.offered = setup;
    let choices;
    try {
      choices = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    } catch {
      return;
    }
    const { labels, ...others } = choices;
    recallLabels(this.form, labels);
    for (const [name, value] of Object.entries(others)) {
      const field = this.form.elements[name];
      if (field === undefined) continue;
      const before = field.value;
      if (typeof value === 'boolean') field.checked = value;
      else field.value = value;
      if (field.value === '' && before !== '') field.value = before; // a voice that is gone
    }
  }
}
