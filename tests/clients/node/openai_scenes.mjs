// The five scenes with a connection of the official package, of either class.

import { Inbox, ONE_SECOND, WEATHER, speech } from './scenes.mjs';

/** Return the scenes; `connect` opens a connection and resolves when events can be sent. */
export function scenes(connect) {
  return {
    text: () => withConnection(connect, text),
    speech: () => withConnection(connect, spoken),
    interruption: () => withConnection(connect, interruption),
    function_call: () => withConnection(connect, functionCall),
    wrong_event: () => withConnection(connect, wrongEvent),
  };
}

async function text(rt, inbox) {
  rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  let answer = '';
  rt.on('response.output_text.delta', (event) => (answer += event.delta));

  const done = await ask(rt, inbox, 'What is the capital of France?');

  return { answer, status: done.response.status, output_tokens: done.response.usage.output_tokens };
}

async function spoken(rt, inbox) {
  rt.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      audio: {
        input: {
          transcription: { model: 'whisper-1' },
          turn_detection: { type: 'server_vad', silence_duration_ms: 300 },
        },
      },
    },
  });
  let audio = 0;
  let heard, answer;
  rt.on('response.output_audio.delta', (event) => {
    audio += Buffer.from(event.delta, 'base64').length;
  });
  rt.on('conversation.item.input_audio_transcription.completed', (event) => {
    heard = event.transcript;
  });
  rt.on('response.output_audio_transcript.done', (event) => (answer = event.transcript));

  say(rt);
  await inbox.until(isDone);

  return { heard, answer, audio_ms: audio / 48 };
}

async function interruption(rt, inbox) {
  send(rt, 'Tell me a story.');
  const first = await inbox.until(is('response.output_audio.delta'));

  say(rt, speech.subarray(0, ONE_SECOND));
  await inbox.until(is('input_audio_buffer.speech_started'));
  rt.send({
    type: 'conversation.item.truncate',
    item_id: first.item_id,
    content_index: first.content_index,
    audio_end_ms: 200,
  });
  const cancelled = await inbox.until(isDone);
  const truncated = await inbox.until(is('conversation.item.truncated'));
  say(rt, speech.subarray(ONE_SECOND));
  const next = await inbox.until(isDone);

  return {
    status: cancelled.response.status,
    reason: cancelled.response.status_details.reason,
    audio_end_ms: truncated.audio_end_ms,
    next: next.response.output[0].content[0].transcript,
  };
}

async function functionCall(rt, inbox) {
  rt.send({ type: 'session.update', session: { type: 'realtime', tools: [WEATHER] } });
  const asked = await ask(rt, inbox, 'What is the weather in Oslo?');
  const [call] = asked.response.output;

  rt.send({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id: call.call_id, output: 'sunny, 24 degrees' },
  });
  rt.send({ type: 'response.create' });
  const answered = await inbox.until(isDone);

  return {
    name: call.name,
    arguments: JSON.parse(call.arguments),
    answer: answered.response.output[0].content[0].transcript,
  };
}

async function wrongEvent(rt, inbox) {
  rt.send({ type: 'response.fly', event_id: 'mine' });
  const { error } = await inbox.until(is('error'));

  const done = await ask(rt, inbox, 'What is the capital of France?');

  return { error, answer: done.response.output[0].content[0].transcript };
}

async function withConnection(connect, scene) {
  const inbox = new Inbox();
  const rt = await connect();
  rt.on('event', (event) => inbox.put(event));
  rt.on('error', () => {}); // an error without a listener ends the process; it comes as event, too
  try {
    return await scene(rt, inbox);
  } finally {
    rt.close();
  }
}

function send(rt, words) {
  rt.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] },
  });
  rt.send({ type: 'response.create' });
}

async function ask(rt, inbox, words) {
  send(rt, words);
  return await inbox.until(isDone);
}

/** Append the speech in pieces of 100 ms, as a microphone does. */
function say(rt, sound = speech) {
  for (let start = 0; start < sound.length; start += 4800) {
    const piece = sound.subarray(start, start + 4800);
    rt.send({ type: 'input_audio_buffer.append', audio: piece.toString('base64') });
  }
}

const is = (type) => (event) => event.type === type;
const isDone = is('response.done');
