/** What a program does about tools: its own functions, and the tools that the server runs. */

import { SAMPLE_TOOL } from './tool.js';

/** Return what the code of a session needs: `{ functions, servers, goesOn }`. */
export function needsOf(session, serverGoesOn) {
  const has = (type) => session.tools.some((tool) => tool.type === type);
  return {
    functions: has('function'),
    servers: has('mcp'),
    /** Whether the program asks for the answer after the server's calls. */
    asks: has('mcp') && !serverGoesOn,
  };
}

/** The program's own function, in Python. */
export const PYTHON_TOOL = `

def ${SAMPLE_TOOL.name}(colour: str) -> str:
    """Your own code."""
    return json.dumps({"done": True, "colour": colour})
`;

/** Return what stands before the loop over the events. */
export function pythonState({ asks }) {
  return asks
    ? `        running: set[str] = set()  # calls of the server's tools
        is_due = False  # an answer, when they have ended
`
    : '';
}

/** Return the cases of the loop over the events, to its end. */
export function pythonCases(needs) {
  return `${needs.servers ? PYTHON_APPROVAL : ''}${needs.asks ? PYTHON_RUNNING : ''}                case "response.done":
${pythonDone(needs)}`;
}

function pythonDone(needs) {
  if (!needs.functions && !needs.servers) return '                    break\n';
  const kinds = needs.servers ? '("function_call", "mcp_call")' : '("function_call",)';
  return `                    if not any(it.type in ${kinds} for it in event.response.output):
                        break
${needs.functions ? PYTHON_CALLS : ''}${
    needs.asks ? PYTHON_IS_DUE : needs.functions ? PYTHON_CREATE : ''
  }${needs.asks ? PYTHON_DUE : ''}`;
}

const PYTHON_APPROVAL = `                case "conversation.item.added" if event.item.type == "mcp_approval_request":
                    item = {
                        "type": "mcp_approval_response",
                        "approval_request_id": event.item.id,
                        "approve": True,  # your own decision
                    }
                    await connection.conversation.item.create(item=item)
`;

const PYTHON_RUNNING = `                case "response.output_item.added" if event.item.type == "mcp_call":
                    running.add(event.item.id)
                case "response.mcp_call.completed" | "response.mcp_call.failed":
                    running.discard(event.item_id)
`;

const PYTHON_CALLS = `                    calls = [it for it in event.response.output if it.type == "function_call"]
                    for call in calls:
                        output = {
                            "type": "function_call_output",
                            "call_id": call.call_id,
                            "output": ${SAMPLE_TOOL.name}(**json.loads(call.arguments)),
                        }
                        await connection.conversation.item.create(item=output)
`;

const PYTHON_CREATE = `                    if calls:
                        await connection.response.create()
`;

const PYTHON_IS_DUE = '                    is_due = True\n';

const PYTHON_DUE = `            if is_due and not running:
                is_due = False
                await connection.response.create()
`;

/** The program's own function, in JavaScript. */
export const TOOL = `
function ${SAMPLE_TOOL.name}({ colour }) {
  return JSON.stringify({ done: true, colour }); // your own code
}
`;

/** Return what stands before the first event. */
export function scriptState({ asks }) {
  return asks
    ? `const running = new Set(); // calls of the server's tools
let isDue = false; // an answer, when they have ended
`
    : '';
}

/** Return what is done about each event. */
export function scriptCalls({ functions, servers, asks }) {
  return [
    servers ? APPROVAL : '',
    asks ? RUNNING : '',
    functions || asks ? done(functions, asks) : '',
  ].join('');
}

/** Return the condition for a response that is the last. */
export function isLast({ functions, servers }) {
  return functions || servers ? ` && !${HAS_CALLED}` : '';
}

const HAS_CALLED = 'event.response.output.some(({ type }) => /_call$/.test(type))';

const APPROVAL = `if (event.type === 'conversation.item.added' && event.item.type === 'mcp_approval_request') {
  const approve = true; // your own decision
  const item = { type: 'mcp_approval_response', approval_request_id: event.item.id, approve };
  send({ type: 'conversation.item.create', item });
}
`;

const RUNNING = `if (event.type === 'response.output_item.added' && event.item.type === 'mcp_call') {
  running.add(event.item.id);
}
if (/^response\\.mcp_call\\.(completed|failed)$/.test(event.type)) running.delete(event.item_id);
`;

function done(functions, asks) {
  const next = asks ? IS_DUE : CREATE;
  return `if (event.type === 'response.done') {
${functions ? FUNCTIONS : ''}${next}}
${asks ? DUE : ''}`;
}

const CREATE = "  if (calls.length > 0) send({ type: 'response.create' });\n";

const IS_DUE = `  isDue ||= ${HAS_CALLED};
`;

const DUE = `if (isDue && running.size === 0) {
  isDue = false;
  send({ type: 'response.create' });
}
`;

const FUNCTIONS = `  const calls = event.response.output.filter((item) => item.type === 'function_call');
  for (const { call_id, arguments: json } of calls) {
    const output = ${SAMPLE_TOOL.name}(JSON.parse(json));
    send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id, output } });
  }
`;
