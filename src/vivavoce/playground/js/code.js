/** A session as code: what was chosen on the page, for programs. */

import {
  PYTHON_TOOL,
  TOOL,
  isLast,
  needsOf,
  pythonCases,
  pythonState,
  scriptCalls,
  scriptState,
} from './code_calls.js';

/** The languages: how each is named, what it needs, and a function that writes it. */
export const LANGUAGES = [
  {
    name: 'Python',
    hint: 'pip install "openai[realtime]", then: python session.py "Hello." The answer is saved as answer.wav.',
    write: python,
  },
  {
    name: 'JavaScript, page',
    hint: 'A module for a web page: await talk(key), called when a button is pressed. Mint the key on your own server.',
    write: pageScript,
  },
  {
    name: 'JavaScript, Node',
    hint: 'Node.js 22 or newer, no packages: node session.mjs "Hello."',
    write: nodeScript,
  },
];

function python(session, { baseUrl, needsKey, serverGoesOn }) {
  const needs = needsOf(session, serverGoesOn);
  const key = needsKey ? 'os.environ["VIVAVOCE_API_KEY"]' : '"any"';
  return `import asyncio
import base64
${needs.functions ? 'import json\n' : ''}${needsKey ? 'import os\n' : ''}import sys
import wave

from openai import AsyncOpenAI

MODEL = ${JSON.stringify(session.model)}
SESSION = ${pythonLiteral(withoutModel(session))}
${needs.functions ? PYTHON_TOOL : ''}

async def main(question: str) -> None:
    client = AsyncOpenAI(base_url=${JSON.stringify(baseUrl)}, api_key=${key})
    async with client.realtime.connect(model=MODEL) as connection:
        await connection.session.update(session=SESSION)
        content = [{"type": "input_text", "text": question}]
        item = {"type": "message", "role": "user", "content": content}
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        sound = bytearray()
${pythonState(needs)}        async for event in connection:
            match event.type:
                case "response.output_audio.delta":
                    sound += base64.b64decode(event.delta)
                case "response.output_audio_transcript.delta" | "response.output_text.delta":
                    print(event.delta, end="", flush=True)
                case "error":
                    raise SystemExit(event.error.message)
${pythonCases(needs)}    print()
    with wave.open("answer.wav", "wb") as file:
        file.setparams((1, 2, 24000, 0, "NONE", ""))
        file.writeframes(sound)


asyncio.run(main(sys.argv[1]))
`;
}

function pageScript(session, { baseUrl, serverGoesOn }) {
  const needs = needsOf(session, serverGoesOn);
  return `const BASE_URL = ${JSON.stringify(baseUrl)};
const SESSION = ${JSON.stringify(session, null, 2)};

// key: short-lived, from POST /v1/realtime/client_secrets, minted by your own server.
export async function talk(key, onEvent = console.log) {
  const peer = new RTCPeerConnection();
  const sound = new Audio();
  sound.autoplay = true;
  peer.ontrack = ({ streams }) => (sound.srcObject = streams[0]);
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  peer.addTrack(microphone.getTracks()[0], microphone);

  const events = peer.createDataChannel('oai-events');
  const send = (event) => events.send(JSON.stringify(event));
  events.onopen = () => send({ type: 'session.update', session: SESSION });
${indented(scriptState(needs), 2)}  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    onEvent(event);
${indented(scriptCalls(needs), 4)}  };

  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(\`\${BASE_URL}/realtime/calls?model=\${SESSION.model}\`, {
    method: 'POST',
    headers: { Authorization: \`Bearer \${key}\`, 'Content-Type': 'application/sdp' },
    body: peer.localDescription.sdp,
  });
  if (!answer.ok) throw new Error(await answer.text());
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  return { peer, send, microphone, sound };
}
${needs.functions ? TOOL : ''}`;
}

function nodeScript(session, { baseUrl, needsKey, serverGoesOn }) {
  const needs = needsOf(session, serverGoesOn);
  const key = needsKey ? 'process.env.VIVAVOCE_API_KEY' : "'any'";
  const url = `${baseUrl.replace(/^http/, 'ws')}/realtime?model=${encodeURIComponent(session.model)}`;
  return `const KEY = ${key};
const SESSION = ${JSON.stringify(withoutModel(session), null, 2)};

const socket = new WebSocket(${JSON.stringify(url)}, [
  'realtime',
  \`openai-insecure-api-key.\${KEY}\`,
]);
const send = (event) => socket.send(JSON.stringify(event));
${scriptState(needs)}
socket.onopen = () => {
  send({ type: 'session.update', session: SESSION });
  const content = [{ type: 'input_text', text: process.argv[2] }];
  send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  send({ type: 'response.create' });
};
socket.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (/_(transcript|text)\\.delta$/.test(event.type)) process.stdout.write(event.delta);
  if (event.type === 'error') console.error(event.error.message);
${indented(scriptCalls(needs), 2)}  if (event.type === 'response.done'${isLast(needs)}) {
    console.log();
    socket.close();
  }
};
${needs.functions ? TOOL : ''}`;
}

function withoutModel({ model: _model, ...session }) {
  return session;
}

function indented(text, n) {
  return text.replace(/^(?=.)/gm, ' '.repeat(n));
}

/** Write a value as Python does, wrapped like a formatter would. */
export function pythonLiteral(value, indent = '') {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const isList = Array.isArray(value);
  const inner = `${indent}    `;
  const entries = isList
    ? value.map((one) => pythonLiteral(one, inner))
    : Object.entries(value).map(
        ([name, one]) => `${JSON.stringify(name)}: ${pythonLiteral(one, inner)}`,
      );
  const [open, close] = isList ? '[]' : '{}';
  const line = `${open}${entries.join(', ')}${close}`;
  if (line.length + indent.length < 84 && !line.includes('\n')) return line;
  return `${open}\n${entries.map((entry) => `${inner}${entry},\n`).join('')}${indent}${close}`;
}
