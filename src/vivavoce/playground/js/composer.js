/** The line in which the user writes, with a picture or without. */

import { byId } from './dom.js';
import { notice } from './notices.js';
import { pictureAmong, pictureOf } from './picture.js';

export class Composer {
  /** `say` gets text and picture (a data URL or null); it says whether they were sent. */
  constructor(say) {
    this.say = say;
    this.picture = null;
    this.input = byId('message');
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    byId('attach').addEventListener('click', () => byId('picture').click());
    byId('picture').addEventListener('change', ({ target }) => {
      if (target.files.length > 0) this.attach(target.files[0]);
      target.value = '';
    });
    byId('attachment-remove').addEventListener('click', () => this.show(null));
    this.input.addEventListener('paste', (event) => {
      const file = pictureAmong(event.clipboardData.files);
      if (file !== undefined) this.attach(file);
    });
    this.takeDropped();
  }

  focus() {
    this.input.focus();
  }

  enable(isEnabled) {
    for (const id of ['message', 'send', 'attach']) byId(id).disabled = !isEnabled;
  }

  async submit() {
    const text = this.input.value.trim();
    const { picture } = this;
    if (text === '' && picture === null) return;
    this.input.value = '';
    this.show(null);
    if (await this.say(text, picture)) return;
    this.input.value = text; // it was not sent: it is not lost
    this.show(picture);
  }

  /** A picture dropped anywhere on the page is attached; the browser would open it instead. */
  takeDropped() {
    const form = byId('composer');
    const hover = (isOver) => form.classList.toggle('is-drop', isOver);
    document.addEventListener('dragover', (event) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      hover(!this.input.disabled);
    });
    document.addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) hover(false);
    });
    document.addEventListener('drop', (event) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      hover(false);
      const file = pictureAmong(event.dataTransfer.files);
      if (this.input.disabled) return;
      if (file === undefined) notice('This file is no picture.', 'bad');
      else this.attach(file);
    });
  }

  async attach(file) {
    try {
      this.show(await pictureOf(file));
    } catch (error) {
      notice(error.message, 'bad');
    }
    this.focus();
  }

  show(picture) {
    this.picture = picture;
    byId('attachment').hidden = picture === null;
    byId('attachment-image').src = picture ?? '';
  }
}
