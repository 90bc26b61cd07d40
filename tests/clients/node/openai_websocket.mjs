// `OpenAIRealtimeWebSocket` of the official package: the class for browsers, which shows its key
// in a subprotocol. Node has had their `WebSocket` since version 22, before behind a flag.

import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';

import { scenes } from './openai_scenes.mjs';
import { baseURL, play } from './scenes.mjs';

async function connect() {
  const client = new OpenAI({ baseURL, apiKey: 'any' });
  const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, client);
  await new Promise((resolve, reject) => {
    rt.socket.addEventListener('open', resolve);
    rt.socket.addEventListener('error', (event) => reject(event.error ?? new Error(event.message)));
  });
  return rt;
}

await play(scenes(connect));
