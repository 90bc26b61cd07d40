/** Where the time of each turn went, read off the events. It touches no page. */

/** The steps of a turn, in the order in which they are drawn. */
export const STEPS = [
  ['speech_stopped', 'End of turn'],
  ['transcript', 'Transcript'],
  ['first_token', 'First token'],
  ['first_audio', 'First audio'],
  ['heard', 'Heard here'],
];

export class Timings {
  constructor() {
    /** In order: {responseId, itemId, words, marks (ms from the end of speech), isTyped, isMeasured, isRecorded}. */
    this.turns = [];
    this.responses = new Map();
    this.turn = null;
    this.silenceMs = 0;
    this.speechEndedAt = null;
    this.tokenAt = null;
    this.isRecorded = false;
    this.typed = 'Asked for';
  }

  /** Take one event; return the turn that it completed or changed, or null. */
  apply(direction, event, at) {
    const rule = direction === 'sent' ? SENT[event.type] : RECEIVED[event.type];
    return rule?.call(this, event, at) ?? null;
  }

  /**
   * A recording knows more than the events: when speech ended, to the frame, and when the model
   * began an answer and wrote its first word, which may be before the turn was over.
   */
  know(fact, at) {
    this.isRecorded = true;
    if (fact === 'speech') this.speechEndedAt = at;
    else if (fact === 'started') this.tokenAt = null;
    else this.tokenAt ??= at;
  }

  /** The first sound of an item came out of the loudspeaker. */
  heard(itemId, at) {
    const answer = [...this.responses.values()].find((one) => one.itemId === itemId);
    if (answer?.turn === undefined || answer.firstAudioAt === undefined) return null;
    answer.heardAfter = at - answer.firstAudioAt;
    return this.addHeard(answer);
  }

  addHeard({ turn, heardAfter }) {
    if (turn?.marks.first_audio === undefined || heardAfter === undefined) return null;
    turn.marks.heard = turn.marks.first_audio + heardAfter;
    return turn;
  }

  begin(itemId, at, isTyped = false) {
    this.turn = {
      responseId: null,
      itemId,
      origin: at,
      marks: {},
      isTyped,
      words: isTyped ? this.typed : null,
      isMeasured: false,
      isRecorded: this.isRecorded,
    };
    return null;
  }

  mark(step, at) {
    if (this.turn !== null) this.turn.marks[step] ??= at - this.turn.origin;
    return null;
  }

  firstSound(responseId, itemId, at) {
    const answer = this.responses.get(responseId);
    if (answer === undefined || answer.firstAudioAt !== undefined) return null;
    answer.firstAudioAt = at;
    answer.itemId = itemId;
    const turn = answer.turn;
    if (turn === undefined || turn.isMeasured) return null;
    if (this.tokenAt !== null) turn.marks.first_token = Math.max(0, this.tokenAt - turn.origin);
    turn.marks.first_audio ??= at - turn.origin;
    return this.keep(turn);
  }

  keep(turn) {
    if (!this.turns.includes(turn)) this.turns.push(turn);
    if (this.turn === turn) this.turn = null;
    return turn;
  }
}

const SENT = {
  'conversation.item.create'({ item }) {
    const words = item.content?.map(({ text }) => text ?? '').join(' ');
    this.typed = item.type === 'message' ? words : 'After a tool';
    return null;
  },
  'response.create'(_event, at) {
    return this.turn === null ? this.begin(null, at, true) : null;
  },
};

const RECEIVED = {
  'session.created': silenceOf,
  'session.updated': silenceOf,
  'input_audio_buffer.speech_stopped'({ item_id }, at) {
    this.begin(item_id, this.speechEndedAt ?? at - this.silenceMs);
    return this.mark('speech_stopped', at);
  },
  'conversation.item.input_audio_transcription.completed'({ item_id }, at) {
    return this.turn?.itemId === item_id ? this.mark('transcript', at) : null;
  },
  'response.created'({ response }, at) {
    if (this.turn === null || response.conversation_id === null) return null;
    this.turn.responseId = response.id;
    this.responses.set(response.id, { turn: this.turn });
    return this.mark('response_created', at);
  },
  'response.output_audio_transcript.delta'({ response_id }, at) {
    const turn = this.responses.get(response_id)?.turn;
    if (turn !== undefined && !turn.isMeasured) turn.marks.first_token ??= at - turn.origin;
    return null;
  },
  'response.output_text.delta'({ response_id }, at) {
    const turn = this.responses.get(response_id)?.turn;
    if (turn === undefined || turn.marks.first_token !== undefined) return null;
    turn.marks.first_token = at - turn.origin;
    return this.keep(turn);
  },
  'response.output_audio.delta'({ response_id, item_id }, at) {
    return this.firstSound(response_id, item_id, at);
  },
  'output_audio_buffer.started'({ response_id }, at) {
    return this.firstSound(response_id, null, at);
  },
  'response.done'({ response }) {
    const turn = this.responses.get(response.id)?.turn;
    if (turn === undefined) return null;
    turn.status = response.status;
    turn.reason = response.status_details?.reason;
    if (this.turn === turn) this.turn = null;
    return this.turns.includes(turn) ? turn : null;
  },
  'vivavoce.turn.timing'({ response_id, item_id, marks }) {
    const answer = this.responses.get(response_id) ?? {
      turn: { responseId: response_id, origin: 0 },
    };
    const { turn } = answer;
    Object.assign(turn, {
      itemId: item_id,
      marks: { ...marks },
      isTyped: item_id === null,
      isMeasured: true,
    });
    this.addHeard(answer);
    return this.keep(turn);
  },
};

function silenceOf({ session }) {
  this.silenceMs = session.audio?.input?.turn_detection?.silence_duration_ms ?? 0;
  return null;
}
