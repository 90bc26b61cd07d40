// `hostedMcpTool` of `@openai/agents-realtime`: the server runs the tools of an MCP server.

import { hostedMcpTool } from '@openai/agents-core';
import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

import { Inbox, baseURL, play } from './scenes.mjs';

const url = `${baseURL.replace(/^http/, 'ws')}/realtime?model=gpt-realtime`;
const serverUrl = process.argv[4];

await play({
  never: () =>
    withSession({ requireApproval: 'never' }, async (session, inbox) => {
      session.sendMessage('What is the weather in Oslo?');
      const { call } = await inbox.until(is('mcp_tool_call_completed'));
      await answered(inbox);

      return { output: call.output, history: transcripts(session) };
    }),

  approved: () =>
    withSession({ requireApproval: 'always' }, async (session, inbox) => {
      session.sendMessage('What is the weather in Oslo?');
      const { request } = await inbox.until(is('tool_approval_requested'));
      await session.approve(request.approvalItem);
      const { call } = await inbox.until(is('mcp_tool_call_completed'));
      await answered(inbox);

      return { output: call.output, history: transcripts(session) };
    }),

  rejected: () =>
    withSession({ requireApproval: 'always' }, async (session, inbox) => {
      session.sendMessage('What is the weather in Oslo?');
      const { request } = await inbox.until(is('tool_approval_requested'));
      await session.reject(request.approvalItem);
      await answered(inbox);

      return { history: transcripts(session) };
    }),

  allowed_tools: () =>
    withSession({ allowedTools: ['measure'] }, async (session) => ({
      tools: session.availableMcpTools.map(({ name }) => name),
    })),
});

async function withSession(tool, scene) {
  const agent = new RealtimeAgent({
    name: 'greeter',
    instructions: 'You help.',
    tools: [hostedMcpTool({ serverLabel: 'weather', serverUrl, ...tool })],
  });
  const session = new RealtimeSession(agent, { transport: 'websocket', model: 'gpt-realtime' });
  const inbox = new Inbox();
  const errors = [];
  session.on('error', ({ error }) => errors.push(error.error ?? String(error)));
  session.on('mcp_tools_changed', () => inbox.put({ name: 'mcp_tools_changed' }));
  session.on('mcp_tool_call_completed', (_context, _agent, call) =>
    inbox.put({ name: 'mcp_tool_call_completed', call }),
  );
  session.on('tool_approval_requested', (_context, _agent, request) =>
    inbox.put({ name: 'tool_approval_requested', request }),
  );
  session.on('agent_end', () => inbox.put({ name: 'agent_end' }));
  session.on('transport_event', (event) => inbox.put({ name: 'wire', event }));
  await session.connect({ url, apiKey: 'any' });
  try {
    await inbox.until(is('mcp_tools_changed'));
    return { ...(await scene(session, inbox)), errors };
  } finally {
    session.close();
  }
}

/** Who said what: of each message, the role and its text or transcript. */
function transcripts(session) {
  return session.history
    .filter((item) => item.type === 'message')
    .map((item) => [item.role, item.content.map((part) => part.text ?? part.transcript).join(' ')]);
}

/** Wait for the end of a response that says something. */
async function answered(inbox) {
  await inbox.until(
    ({ name, event }) => name === 'wire' && event.type === 'response.output_audio_transcript.done',
  );
  await inbox.until(is('agent_end'));
}

function is(name) {
  return (happened) => happened.name === name;
}
