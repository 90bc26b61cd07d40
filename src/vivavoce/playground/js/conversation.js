/** The transcript of both sides, read off the events. It touches no page, so it can be replayed. */

import { decide, describe, isOfTools, tellFailure } from './mcp_entries.js';

const BYTES_PER_MS = { 'audio/pcm': 48, 'audio/pcmu': 8, 'audio/pcma': 8 };

export class Conversation {
  constructor() {
    /** In order: {id, kind, text, isPartial, unheard, note, isBad, picture, requestId}. */
    this.entries = [];
    this.byId = new Map();
    this.answers = new Map();
    this.bytesPerMs = BYTES_PER_MS['audio/pcm'];
  }

  /** Take one event; return the entries that it changed. */
  apply(direction, event) {
    const rule = direction === 'sent' ? SENT[event.type] : RECEIVED[event.type];
    const changed = rule?.call(this, event) ?? [];
    return (Array.isArray(changed) ? changed : [changed]).filter(Boolean);
  }

  entry(id, kind) {
    let found = this.byId.get(id);
    if (found === undefined) {
      found = {
        id,
        kind,
        text: '',
        isPartial: false,
        unheard: '',
        note: '',
        isBad: false,
        picture: null,
        requestId: null,
      };
      this.byId.set(id, found);
      this.entries.push(found);
    }
    return found;
  }

  answer(itemId) {
    let found = this.answers.get(itemId);
    if (found === undefined) {
      found = { clauses: [], ms: 0 };
      this.answers.set(itemId, found);
    }
    return found;
  }

  item(item, isOurs, eventId) {
    if (item.type === 'message') return this.message(item, isOurs, eventId);
    if (item.type === 'function_call') return this.call(item);
    if (item.type === 'function_call_output') return this.output(item);
    return isOfTools(item) ? this.ofTools(item, false) : null;
  }

  /** What is about the server's own tools; `isDone`: nothing more comes of the item. */
  ofTools(item, isDone) {
    if (item.type === 'mcp_approval_response') {
      const asked = this.byId.get(item.approval_request_id);
      if (asked !== undefined) decide(asked, item);
      return asked;
    }
    const entry = this.entry(item.id, 'tool');
    describe(entry, item, isDone);
    return entry;
  }

  message(item, isOurs, eventId) {
    const parts = item.content ?? [];
    const text = parts
      .map((part) => part.text ?? part.transcript ?? '')
      .join(' ')
      .trim();
    const isSpoken = parts.some((part) => part.type === 'input_audio');
    if (item.role !== 'user' && !this.byId.has(item.id) && text === '') {
      if (isOurs || item.role === 'system') return null;
    }
    const entry = this.entry(item.id, item.role);
    if (text !== '' && entry.unheard === '') entry.text = text;
    if (isSpoken && entry.text === '') entry.isPartial = true;
    entry.picture = parts.find((part) => part.type === 'input_image')?.image_url ?? entry.picture;
    if (eventId) entry.eventId = eventId;
    return entry;
  }

  call(item) {
    const entry = this.entry(`call_of_${item.call_id}`, 'tool');
    entry.text = `${item.name}(${item.arguments ?? ''})`;
    return entry;
  }

  output(item) {
    const entry = this.entry(`call_of_${item.call_id}`, 'tool');
    entry.note = `→ ${item.output}`;
    return entry;
  }

  words(event) {
    const entry = this.entry(event.item_id, 'assistant');
    const answer = this.answer(event.item_id);
    answer.clauses.push({ text: event.delta, endMs: answer.ms });
    if (entry.unheard === '') entry.text += event.delta;
    else entry.unheard += event.delta;
    return entry;
  }

  /** Sound follows its words, so the last words end where the sound ends. */
  sound(event) {
    const answer = this.answer(event.item_id);
    answer.ms += (event.nBytes ?? lengthOf(event.delta)) / this.bytesPerMs;
    if (answer.clauses.length > 0) answer.clauses.at(-1).endMs = answer.ms;
    return null;
  }

  /** What was not heard to its end is struck out: the model forgets it, too. */
  cut(itemId, isHeard, note) {
    const answer = this.answers.get(itemId);
    const entry = this.byId.get(itemId);
    if (answer === undefined || entry === undefined) return null;
    entry.text = answer.clauses
      .filter(isHeard)
      .map(({ text }) => text)
      .join('');
    entry.unheard = answer.clauses
      .filter((clause) => !isHeard(clause))
      .map(({ text }) => text)
      .join('');
    entry.note = note;
    return entry;
  }

  transcript(itemId, text, isPartial) {
    const entry = this.entry(itemId, 'user');
    entry.text = text;
    entry.isPartial = isPartial;
    return entry;
  }

  notice(text, eventId) {
    const entry = this.entries.find((one) => eventId && one.eventId === eventId);
    if (entry !== undefined) {
      entry.note = `The server refused this: ${text}`;
      entry.isBad = true;
      return entry;
    }
    const made = this.entry(`notice_${this.entries.length}`, 'notice');
    made.note = text;
    made.isBad = true;
    return made;
  }
}

const SENT = {
  'conversation.item.create'({ item, event_id }) {
    return this.item(item, true, event_id);
  },
};

const RECEIVED = {
  'session.created': formatOf,
  'session.updated': formatOf,
  'input_audio_buffer.speech_started'({ item_id }) {
    const entry = this.entry(item_id, 'user');
    entry.isPartial = true;
    return entry;
  },
  'vivavoce.transcript.partial'({ item_id, transcript }) {
    return this.transcript(item_id, transcript, true);
  },
  'conversation.item.input_audio_transcription.delta'({ item_id, delta }) {
    const entry = this.entry(item_id, 'user');
    entry.words = (entry.words ?? '') + delta;
    return this.transcript(item_id, entry.words, true);
  },
  'conversation.item.input_audio_transcription.completed'({ item_id, transcript }) {
    const entry = this.transcript(item_id, transcript, false);
    entry.note = transcript.trim() === '' ? 'no words' : '';
    return entry;
  },
  'conversation.item.input_audio_transcription.failed'({ item_id, error }) {
    const entry = this.transcript(item_id, '', false);
    entry.note = `not understood: ${error.message}`;
    entry.isBad = true;
    return entry;
  },
  'conversation.item.added'({ item }) {
    return this.item(item, false);
  },
  'conversation.item.done'({ item }) {
    return isOfTools(item) ? this.ofTools(item, true) : null;
  },
  'mcp_list_tools.failed'({ item_id }) {
    const entry = this.byId.get(item_id);
    if (entry !== undefined) tellFailure(entry, 'could not be listed; the log of the server says why');
    return entry;
  },
  'response.mcp_call.in_progress'({ item_id }) {
    const entry = this.byId.get(item_id);
    if (entry !== undefined) entry.note = 'running …';
    return entry;
  },
  'conversation.item.deleted'({ item_id }) {
    const entry = this.byId.get(item_id);
    if (entry !== undefined) entry.note = 'deleted';
    return entry;
  },
  'response.output_audio_transcript.delta'(event) {
    return this.words(event);
  },
  'response.output_text.delta'(event) {
    return this.words(event);
  },
  'response.output_audio.delta'(event) {
    return this.sound(event);
  },
  'response.output_item.done'({ item }) {
    if (item.type === 'function_call') return this.call(item);
    return isOfTools(item) ? this.ofTools(item, true) : null;
  },
  'response.mcp_call_arguments.done'({ item_id, arguments: args }) {
    const entry = this.byId.get(item_id);
    if (entry !== undefined) entry.text = entry.text.replace(/\(.*$/s, () => `(${args})`);
    return entry;
  },
  'conversation.item.truncated'({ item_id, audio_end_ms }) {
    return this.cut(
      item_id,
      ({ endMs }) => endMs <= audio_end_ms,
      'interrupted: the rest was not heard',
    );
  },
  'vivavoce.item.heard'({ item_id, transcript }) {
    const heard = transcript.trimEnd();
    let n = 0;
    const isHeard = ({ text }) =>
      (n += text.length) <= heard.length + (text.length - text.trimEnd().length);
    const verdicts = new Map(this.answers.get(item_id)?.clauses.map((one) => [one, isHeard(one)]));
    return this.cut(
      item_id,
      (clause) => verdicts.get(clause),
      'interrupted: the rest was not heard',
    );
  },
  'response.done'({ response }) {
    if (response.status !== 'failed') return null;
    const error = response.status_details?.error ?? {};
    return this.notice(`The answer failed: ${error.message ?? error.code ?? 'no reason given'}`);
  },
  error({ error }) {
    return this.notice(error.message, error.event_id);
  },
};

function formatOf({ session }) {
  this.bytesPerMs = BYTES_PER_MS[session.audio?.output?.format?.type] ?? this.bytesPerMs;
}

function lengthOf(base64) {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
