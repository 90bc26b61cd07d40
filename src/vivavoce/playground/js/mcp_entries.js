/** What a transcript shows of the tools that the server runs: lists, calls, requests for approval. */

const SHOWN_CHARACTERS = 400;

/** Whether an item is about such tools. */
export function isOfTools({ type }) {
  return type.startsWith('mcp_');
}

/** Bring an entry up to date with an item; `isDone`: nothing more comes of it. */
export function describe(entry, item, isDone) {
  SHOWN[item.type]?.(entry, item, isDone);
}

/** The entry of a list or a call that could not be made. */
export function tellFailure(entry, note) {
  entry.note = note;
  entry.isBad = true;
  entry.isPartial = false;
}

const SHOWN = {
  mcp_list_tools(entry, { server_label, tools }, isDone) {
    const names = tools.map(({ name }) => name);
    entry.text = `Tools of ${server_label}`;
    entry.isPartial = !isDone;
    if (isDone && !entry.isBad) entry.note = names.length > 0 ? names.join(', ') : 'none';
  },
  mcp_call(entry, { server_label, name, arguments: args, output, error }, isDone) {
    entry.text = `${server_label}: ${name}(${shortened(args ?? '')})`;
    if (!isDone) return;
    if (error) tellFailure(entry, messageOf(error));
    else entry.note = `→ ${shortened(output ?? '')}`;
  },
  mcp_approval_request(entry, { id, server_label, name, arguments: args }) {
    entry.text = `May ${server_label} run ${name}(${shortened(args)})?`;
    if (!entry.isDecided) entry.requestId = id;
  },
};

/** Take note of the answer to a request. */
export function decide(entry, { approve }) {
  entry.requestId = null;
  entry.isDecided = true;
  entry.note = approve ? 'approved' : 'rejected';
}

function messageOf({ type, code, message }) {
  const status = code === undefined || code === 0 ? '' : ` ${code}`;
  return `failed (${type.replaceAll('_', ' ')}${status}): ${shortened(message ?? '')}`;
}

function shortened(text) {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text;
}
