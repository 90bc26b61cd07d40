// `OpenAIRealtimeWS` of the official package: the class for Node, on the `ws` package.

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { scenes } from './openai_scenes.mjs';
import { baseURL, play } from './scenes.mjs';

async function connect() {
  const client = new OpenAI({ baseURL, apiKey: 'any' });
  const rt = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client);
  await new Promise((resolve, reject) => {
    rt.socket.once('open', resolve);
    rt.socket.once('error', reject);
  });
  return rt;
}

await play(scenes(connect));
