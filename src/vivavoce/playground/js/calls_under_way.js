/**
 * The calls of tools that a session has under way, and whether the page has to ask for the next
 * answer: once, when all calls of a response have ended.
 */

export class CallsUnderWay {
  /** `serverGoesOn`: the server itself goes on after its own tools, so the operator wants it. */
  constructor({ serverGoesOn }) {
    this.serverGoesOn = serverGoesOn;
    this.open = new Map(); // item id of a server's call: response id
    this.withFunctions = new Set(); // responses that called a function of the page
    this.due = new Set(); // responses whose calls are to be answered
  }

  /** Take note of what the server says. */
  apply(event) {
    switch (event.type) {
      case 'response.created':
        this.due.clear(); // it sees what the calls brought
        break;
      case 'response.output_item.added':
        if (event.item.type === 'mcp_call') this.open.set(event.item.id, event.response_id);
        break;
      case 'response.mcp_call.completed':
      case 'response.mcp_call.failed':
        this.ended(event.item_id);
        break;
      case 'response.output_item.done':
        if (event.item.type === 'function_call') this.withFunctions.add(event.response_id);
        break;
      case 'response.done':
        this.responseEnded(event.response);
        break;
    }
  }

  ended(itemId) {
    const responseId = this.open.get(itemId);
    this.open.delete(itemId);
    if (responseId === undefined) return;
    if (!this.serverGoesOn || this.withFunctions.has(responseId)) this.due.add(responseId);
  }

  responseEnded({ id, status, status_details: details }) {
    if (status === 'completed' && this.withFunctions.has(id)) this.due.add(id);
    if (details?.reason !== 'client_cancelled') return;
    this.due.delete(id); // nobody wants to hear of it any more
    for (const [itemId, responseId] of this.open) {
      if (responseId === id) this.open.delete(itemId);
    }
  }

  /** Whether all calls of a response have ended, and nobody has asked for an answer since. */
  get areDue() {
    const open = new Set(this.open.values());
    return [...this.due].some((id) => !open.has(id));
  }

  /** The next answer has been asked for. */
  settle() {
    this.due.clear();
  }
}
