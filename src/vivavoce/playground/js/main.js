/** The playground: joins the form, the session and the views. */

import { byId } from './dom.js';
import { CodeDialog } from './code_dialog.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { EventsView } from './events_view.js';
import { LevelsView } from './levels_view.js';
import { MicrophoneRefused } from './microphone.js';
import { RecordingsDialog } from './recordings_dialog.js';
import { Replay } from './replay.js';
import { Session } from './session.js';
import { SettingsForm } from './form.js';
import { Timings } from './timings.js';
import { TimingView } from './timing_view.js';
import { TranscriptView } from './transcript_view.js';
import { clearNotices, notice } from './notices.js';
import { startHolding } from './hold.js';
import { startShortcuts } from './shortcuts.js';
import { readSetup, Refused } from './server.js';
import { sessionOf } from './session_config.js';
import { startTheme } from './theme.js';
import { startViews } from './views.js';

const STATES = {
  idle: 'Not connected',
  connecting: 'Connecting …',
  listening: 'Listening',
  hearing: 'You are speaking',
  thinking: 'Thinking …',
  speaking: 'Answering',
  replaying: 'Replaying',
};
const READY_POLL_MS = 1500;
const SAID = new Set([
  'conversation.item.input_audio_transcription.completed',
  'conversation.item.truncated',
  'response.output_audio_transcript.done',
  'response.output_text.done',
  'error',
]);

class Playground {
  constructor() {
    this.key = null;
    this.setup = null;
    this.session = null;
    this.transcript = new TranscriptView((id, yes) => this.live && this.session.decide(id, yes));
    this.events = new EventsView();
    this.timing = new TimingView();
    this.levels = new LevelsView();
    this.code = new CodeDialog();
    this.form = new SettingsForm((choices) => this.live && this.session.update(choices));
    this.composer = new Composer((text, picture) => this.say(text, picture));
    this.recordings = new RecordingsDialog((recording, name) => this.openReplay(recording, name));
    this.replay = new Replay({
      restarted: () => this.forget(),
      moment: (moment) => this.take(moment),
      analysers: (you, answer) =>
        this.levels.follow(
          () => you,
          () => answer,
        ),
      playing: (isPlaying) =>
        isPlaying || this.levels.sides.forEach((side) => this.levels.tell(side)),
      closed: () => {
        this.levels.rest();
        this.forget();
        this.show();
      },
    });
    this.forget();
  }

  /** The session, if it is connected. */
  get live() {
    return this.session !== null && this.session.link !== null;
  }

  /** Forget what was said; a new session or a recording begins. */
  forget() {
    this.conversation = new Conversation();
    this.timings = new Timings();
    this.transcript.clear();
    this.timing.clear();
    this.events.clear();
  }

  // --- beginning -------------------------------------------------------------------------------

  /** Ask the server what there is; with keys configured the user is asked for one first. */
  async begin() {
    const setup = await readSetup(this.key);
    byId('gate').hidden = setup.models !== undefined;
    byId('invitation').hidden = setup.models === undefined;
    if (setup.models === undefined) {
      byId('key').focus();
      return;
    }
    this.setup = setup;
    byId('about').textContent = `${setup.profile} · ${setup.version}`;
    this.form.offer(setup);
    this.show();
    if (setup.is_ready) return;
    byId('status-text').textContent = 'The server is getting ready …';
    setTimeout(() => this.begin().catch((error) => this.complain(error)), READY_POLL_MS);
  }

  async useKey() {
    const problem = byId('gate-problem');
    problem.hidden = true;
    this.key = byId('key').value.trim();
    try {
      await this.begin();
      byId('start').focus();
    } catch (error) {
      problem.textContent =
        error.status === 401
          ? 'The server does not know this key. Look at how it was started.'
          : error.message;
      problem.hidden = false;
      this.key = null;
      byId('key').select();
    }
  }

  // --- a session -------------------------------------------------------------------------------

  async start({ withMicrophone }) {
    if (this.session !== null) return;
    this.replay.close();
    this.forget();
    clearNotices();
    this.session = this.newSession();
    this.show();
    try {
      await this.session.start({ withMicrophone });
      this.levels.follow(
        () => this.session?.link?.micAnalyser,
        () => this.session?.link?.answerAnalyser,
      );
    } catch (error) {
      this.session = null;
      this.complain(error);
    }
    this.show();
  }

  newSession() {
    return new Session({
      key: this.key,
      choices: this.form.read(),
      serverGoesOn: this.setup.continues_after_call,
      on: {
        event: (direction, event, at) => this.take({ direction, event, at }),
        begun: (item, at) => this.showTurns(this.timings.heard(item, at)),
        fellBack: (reason) =>
          notice(
            `WebRTC did not work (${withoutStop(reason)}). This session uses WebSocket instead.`,
          ),
        changed: () => this.show(),
        ended: (reason) => this.ended(reason),
      },
    });
  }

  ended(reason) {
    this.session = null;
    if (reason !== null) notice(reason, 'bad');
    this.levels.rest();
    this.show();
  }

  complain(error) {
    if (error instanceof Refused && error.status === 401)
      notice('The server does not take this key any more.', 'bad');
    else notice(error.message, 'bad');
    if (error instanceof MicrophoneRefused) this.composer.focus();
  }

  async say(text, picture) {
    if (this.session === null) await this.start({ withMicrophone: false });
    if (!this.live) return false;
    try {
      this.session.say(text, picture);
    } catch (error) {
      this.complain(error);
      return false;
    }
    return true;
  }

  async addMicrophone() {
    try {
      await this.session.addMicrophone();
    } catch (error) {
      this.complain(error);
    }
  }

  // --- what happens ----------------------------------------------------------------------------

  /** Take in an event, or what a recording knows beside its events. */
  take({ direction, event, at, fact }) {
    if (fact !== undefined) {
      this.timings.know(fact, at);
      return;
    }
    this.events.add(direction, event, at);
    const changed = this.conversation.apply(direction, event);
    if (changed.length > 0) this.transcript.update(changed);
    if (SAID.has(event.type) || isQuestion(event)) this.announce(event, changed);
    this.showTurns(this.timings.apply(direction, event, at));
    byId('welcome').hidden = this.conversation.entries.length > 0;
  }

  announce(event, changed) {
    this.showTurns(this.timings.turns.at(-1) ?? null); // they are named by what was said
    const entry = changed[0] ?? this.conversation.byId.get(event.item_id);
    if (entry !== undefined) this.transcript.announce(entry);
  }

  showTurns(changed) {
    if (changed === null) return;
    this.timing.update(this.timings.turns, (itemId) => this.conversation.byId.get(itemId)?.text);
  }

  openReplay(recording, name) {
    if (this.session !== null) this.session.end();
    clearNotices();
    this.replay.open(recording, name);
    byId('replay-play').focus();
    this.show();
  }

  // --- what is shown ---------------------------------------------------------------------------

  show() {
    const { session, live } = this;
    const isOpen = this.setup?.is_ready ?? false;
    const state = session?.state ?? (this.replay.isOpen ? 'replaying' : 'idle');
    byId('status').dataset.state = state;
    byId('status-text').textContent = STATES[state];
    byId('transport-badge').hidden = !live;
    byId('transport-badge').textContent = session?.link?.name ?? '';
    byId('start').disabled = !isOpen || (session !== null && !live);
    byId('start').hidden = live && session.hasMicrophone;
    byId('start-text').textContent = live
      ? 'Use microphone'
      : session === null
        ? 'Start talking'
        : 'Connecting …';
    byId('hold').hidden = !(live && session.hasMicrophone && session.isHeld);
    byId('mute').hidden = !(live && session.hasMicrophone && !session.isHeld);
    byId('mute').setAttribute('aria-pressed', String(session?.isMuted ?? false));
    byId('mute').textContent = session?.isMuted ? 'Muted' : 'Mute';
    byId('stop').hidden = !['speaking', 'thinking'].includes(state);
    byId('end').hidden = !live;
    document.body.classList.toggle('is-replaying', this.replay.isOpen);
    byId('model').disabled = session !== null;
    byId('transport').disabled = session !== null;
    this.composer.enable(isOpen);
    for (const button of document.querySelectorAll('[data-say], #open-recordings, #open-code')) {
      button.disabled = !isOpen;
    }
    byId('welcome').hidden = this.conversation.entries.length > 0;
  }

  toggle() {
    if (byId('start').disabled) return;
    if (!this.live) this.start({ withMicrophone: true });
    else if (this.session.hasMicrophone) this.session.end();
    else this.addMicrophone();
  }

  openCode() {
    if (this.setup === null) return;
    const { needs_key: needsKey, continues_after_call: serverGoesOn } = this.setup;
    this.code.open(sessionOf(this.form.read()), { needsKey, serverGoesOn });
  }

  openRecordings() {
    if (this.setup !== null) this.recordings.open(this.key, this.setup.records);
  }
}

function isQuestion({ type, item }) {
  return type === 'conversation.item.added' && item.type === 'mcp_approval_request';
}

function withoutStop(sentence) {
  return sentence.replace(/\.$/, '');
}

// --- the page ----------------------------------------------------------------------------------

const page = new Playground();

startTheme(byId('change-theme'));
byId('gate').addEventListener('submit', (event) => {
  event.preventDefault();
  page.useKey();
});
byId('start').addEventListener('click', () => page.toggle());
byId('end').addEventListener('click', () => page.session?.end());
byId('stop').addEventListener('click', () => page.session?.stopAnswer());
byId('mute').addEventListener('click', () => page.session?.mute(!page.session.isMuted));
byId('open-code').addEventListener('click', () => page.openCode());
byId('open-recordings').addEventListener('click', () => page.openRecordings());
byId('open-shortcuts').addEventListener('click', () => byId('shortcuts').showModal());
for (const button of document.querySelectorAll('[data-say]')) {
  button.addEventListener('click', () => page.say(button.dataset.say, null));
}
for (const button of document.querySelectorAll('[data-close]')) {
  button.addEventListener('click', () => button.closest('dialog').close());
}

startHolding({
  press: () => page.session.press(),
  release: () => page.session?.release(),
});
const { showView } = startViews({ eventsShown: () => page.events.redraw() });

startShortcuts([
  { key: 't', name: 'T', what: 'Start talking, or end', act: () => page.toggle() },
  {
    key: 'm',
    name: 'M',
    what: 'Mute or open the microphone',
    act: () => page.live && page.session.mute(!page.session.isMuted),
  },
  {
    key: 'escape',
    name: 'Esc',
    what: 'Stop the answer',
    act: () => page.live && page.session.stopAnswer(),
  },
  { key: ' ', name: 'Space', what: 'Hold to talk, when turns end by letting go' },
  {
    key: '/',
    name: '/',
    what: 'Write a message',
    act: () => (showView('talk'), page.composer.focus()),
  },
  {
    key: 'e',
    name: 'E',
    what: 'Filter the events',
    act: () => (showView('events'), byId('events-filter').focus()),
  },
  { key: 'w', name: 'W', what: 'Where the time went', act: () => showView('timing') },
  { key: 'c', name: 'C', what: 'This session in code', act: () => page.openCode() },
  { key: 'r', name: 'R', what: 'Recorded sessions', act: () => page.openRecordings() },
  { key: '?', name: '?', what: 'This list', act: () => byId('shortcuts').showModal() },
]);

page.begin().catch((error) => notice(error.message, 'bad'));
