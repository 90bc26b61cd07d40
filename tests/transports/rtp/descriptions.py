"""Session descriptions of well-known callers, and who answers them."""

from tests.transports.rtp.calls import settings as rtp_settings
from vivavoce.transports.rtp.dtls import new_certificate
from vivavoce.transports.rtp.sdp import LocalMedia, MediaPlan, Negotiator

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
LOCAL = LocalMedia(
    address="192.0.2.10",
    rtp_port=20_000,
    rtcp_port=20_001,
    fingerprint=new_certificate().fingerprint,
)
TRUNK = """v=0
o=root 1821393 1821393 IN IP4 198.51.100.4
s=Twilio Media Gateway
c=IN IP4 198.51.100.4
t=0 0
m=audio 17392 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=maxptime:20
a=sendrecv
"""
SOFTPHONE = """v=0
o=alice 3418 1209 IN IP4 198.51.100.77
s=Talk
c=IN IP4 198.51.100.77
t=0 0
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
m=video 9078 RTP/AVP 97
a=rtpmap:97 VP8/90000
m=audio 7078 RTP/AVP 96 97 9 0 13 98 100 99
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1;maxaveragebitrate=20000
a=rtpmap:97 speex/16000
a=rtpmap:98 telephone-event/48000
a=rtpmap:100 telephone-event/16000
a=rtpmap:99 telephone-event/8000
a=rtcp:7100 IN IP4 198.51.100.78
"""
SECURE = TRUNK.replace("RTP/AVP", "RTP/SAVP")
CRYPTO = (
    f"a=crypto:1 F8_128_HMAC_SHA1_80 inline:{KEY}\n"
    f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31\n"
    f"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n"
)
FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\n"


def negotiator(**changes: object) -> Negotiator:
    return Negotiator(LOCAL, rtp_settings(**{"srtp": "optional", **changes}))


def answered(offer: str, **changes: object) -> tuple[list[str], MediaPlan]:
    text, plan = negotiator(**changes).answer(offer)
    assert text.endswith("\r\n")
    return text.split("\r\n"), plan
