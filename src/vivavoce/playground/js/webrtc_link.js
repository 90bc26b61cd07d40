/** A session over WebRTC: the browser carries the sound, a data channel the events. */

import { offerCall } from './server.js';

const CONNECT_TIMEOUT_MS = 5_000;
const NO_WAY = 'no way through the network';

export class WebRtcLink {
  name = 'WebRTC';

  /**
   * Connect. `on` as for `WebSocketLink`. Raises `Refused` when the server says no, another Error
   * when there is no way through the network.
   */
  static async open({ key, microphone, on }) {
    if (window.RTCPeerConnection === undefined) throw new Error('this browser has no WebRTC');
    const link = new WebRtcLink(microphone, on);
    try {
      await link.connect(key);
    } catch (error) {
      link.shut();
      throw error;
    }
    return link;
  }

  constructor(microphone, on) {
    this.on = on;
    this.microphone = microphone;
    this.isPlaying = false;
    this.isOpen = false;
    this.context = new AudioContext();
    this.micAnalyser = this.context.createAnalyser();
    this.answerAnalyser = this.context.createAnalyser();
    this.peer = new RTCPeerConnection();
    this.sound = new Audio();
  }

  async connect(key) {
    this.context.createMediaStreamSource(this.microphone).connect(this.micAnalyser);
    this.peer.ontrack = ({ streams, track }) => this.play(streams[0] ?? new MediaStream([track]));
    this.microphone.getTracks().forEach((track) => this.peer.addTrack(track, this.microphone));
    this.channel = this.peer.createDataChannel('oai-events');
    const opened = this.untilOpen();
    opened.catch(() => {}); // it may fail while the offer is still on its way
    await this.peer.setLocalDescription(await this.peer.createOffer());
    const answer = await offerCall(key, this.peer.localDescription.sdp);
    await this.peer.setRemoteDescription({ type: 'answer', sdp: answer });
    await opened;
    await this.context.resume();
  }

  untilOpen() {
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(NO_WAY)), CONNECT_TIMEOUT_MS);
      this.channel.onopen = () => {
        clearTimeout(timer);
        this.isOpen = true;
        done();
      };
      this.channel.onmessage = ({ data }) => this.hear(JSON.parse(data));
      this.channel.onclose = () => this.end(null);
      this.peer.onconnectionstatechange = () => {
        if (this.peer.connectionState !== 'failed') return;
        failed(new Error(NO_WAY));
        this.end('The connection was lost.');
      };
      this.peer.onicegatheringstatechange = () => {
        const { iceGatheringState, localDescription } = this.peer;
        const isNowhere =
          iceGatheringState === 'complete' && !/^a=candidate/m.test(localDescription.sdp);
        if (isNowhere) failed(new Error('this browser may not use the network for it'));
      };
    });
  }

  play(stream) {
    this.sound.srcObject = stream;
    this.sound.play().catch(() => {}); // the gesture that began the session allows it
    this.context.createMediaStreamSource(stream).connect(this.answerAnalyser);
  }

  hear(event) {
    if (event.type === 'output_audio_buffer.started') this.isPlaying = true;
    if (/^output_audio_buffer\.(stopped|cleared)$/.test(event.type)) this.isPlaying = false;
    this.on.event(event);
  }

  end(reason) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.on.closed(reason);
  }

  send(event) {
    this.channel.send(JSON.stringify(event));
    this.on.sent(event);
  }

  /** Open or shut the microphone. */
  talk(isOpen) {
    this.microphone.getAudioTracks().forEach((track) => (track.enabled = isOpen));
  }

  /** Be silent at once; the server knows how much was heard. */
  async silence() {
    if (this.isPlaying) this.send({ type: 'output_audio_buffer.clear' });
  }

  async close() {
    this.isOpen = false;
    this.microphone.getTracks().forEach((track) => track.stop());
    this.shut();
    this.on.closed(null);
  }

  shut() {
    this.channel?.close();
    this.peer.close();
    this.sound.srcObject = null;
    this.context.close();
  }
}
