"""PJSIP as a carrier that signs in with SHA-256 and keeps a session timer.

Dials one number without a sound card, records what it hears, and prints one line of JSON: what was answered,
which digest was asked for, what the session timer became, how many packets went each way.
Run with the Python of the environment that .ci/tools/peers makes.
"""

import argparse
import json
import re
import sys
import time

import pjsua2 as pj

TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uri", default="", help="sip:14155550100@host:port")
    parser.add_argument("--username", default="nobody")
    parser.add_argument("--password", default="")
    parser.add_argument("--address", required=True, help="own address")
    parser.add_argument("--port", type=int, default=0, help="own port; 0: any")
    parser.add_argument("--listen", type=float, default=0, help="dial nobody, answer for so many seconds")
    parser.add_argument("--transport", choices=["udp", "tcp", "tls"], default="udp")
    parser.add_argument("--authority", default="", help="PEM of who must have issued the certificate, over TLS")
    parser.add_argument("--talk", type=float, default=3.0, help="seconds on the line")
    parser.add_argument("--session-expires", type=int, default=0, help="0: no session timer")
    parser.add_argument("--min-se", type=int, default=90)
    parser.add_argument("--reliable", action="store_true", help="demand 100rel")
    parser.add_argument("--header", default="", help="Name: value")
    parser.add_argument("--play", default="", help="WAV spoken into the call")
    parser.add_argument("--srtp", default="", help="suite that is demanded, keys in the open")
    parser.add_argument("--record", required=True, help="WAV of what is heard")
    parser.add_argument("--digits", default="", help="pressed one second after the answer")
    parser.add_argument("--answer", type=float, default=0, help="dial nobody, answer whoever calls for so many seconds")
    parser.add_argument("--transfer", default="", help="a second after the answer the other side is asked to call there")
    parser.add_argument("--consult", default="", help="called as well; then the two are joined without us")
    parser.add_argument("--join", choices=["here", "there"], default="here",
                        help="who is asked to: whom we dialled first, or whom we consulted")
    parser.add_argument("--stay", type=float, default=0, help="seconds to stay when the own call is over")
    return parser.parse_args()


class Trace(pj.LogWriter):
    """Keeps every SIP message that PJSIP logs; nothing goes to the terminal."""

    def __init__(self):
        super().__init__()
        self.text = []

    def write(self, entry):
        self.text.append(entry.msg)

    def messages(self, direction, start):
        """Messages sent ("TX") or received ("RX") whose first line begins so."""
        found = []
        for entry in self.text:
            if f"{direction} " not in entry or "bytes" not in entry:
                continue
            _, _, message = entry.partition("\n")
            if message.startswith(start):
                found.append(message)
        return found


class Call(pj.Call):
    def __init__(self, account, options, call_id=pj.PJSUA_INVALID_ID):
        super().__init__(account, call_id)
        self.account = account
        self.options = options
        self.transferred = []
        self.replacement = None
        self.recorder = None
        self.player = None
        self.answered_at = None
        self.ended = None
        self.counts = {"sent": 0, "received": 0, "lost": 0}

    def onCallState(self, _):
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED and self.answered_at is None:
            self.answered_at = time.monotonic()
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.ended = {"status": int(info.lastStatusCode), "reason": info.lastReason}

    def onCallTransferStatus(self, parameters):
        self.transferred.append(int(parameters.statusCode))

    def onCallReplaced(self, parameters):
        self.replacement = Call(self.account, self.options, parameters.newCallId)
        parameters.newCall = self.replacement

    def onStreamDestroyed(self, parameters):
        self.count(parameters.streamIdx)

    def onCallMediaState(self, _):
        # The list points into the info: it must live as long.
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO or media.status != pj.PJSUA_CALL_MEDIA_ACTIVE:
                continue
            audio = self.getAudioMedia(index)
            if self.recorder is None:
                self.recorder = pj.AudioMediaRecorder()
                self.recorder.createRecorder(self.options.record)
                audio.startTransmit(self.recorder)
                if self.options.play:
                    self.player = pj.AudioMediaPlayer()
                    self.player.createPlayer(self.options.play)
                    self.player.startTransmit(audio)

    def count(self, index=0):
        try:
            rtcp = self.getStreamStat(index).rtcp
        except pj.Error:
            return
        self.counts = {
            "sent": int(rtcp.txStat.pkt),
            "received": int(rtcp.rxStat.pkt),
            "lost": int(rtcp.rxStat.loss),
        }


def main():
    options = arguments()
    trace = Trace()
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.userAgent = "PJSUA"
    config.logConfig.level = 5
    config.logConfig.consoleLevel = 5
    config.logConfig.msgLogging = 1
    config.logConfig.writer = trace
    config.medConfig.ecTailLen = 0
    config.medConfig.noVad = True
    config.medConfig.clockRate = 8000
    endpoint.libInit(config)
    transport = pj.TransportConfig()
    transport.boundAddress = options.address
    transport.publicAddress = options.address
    transport.port = options.port
    if options.authority:
        transport.tlsConfig.CaListFile = options.authority
        transport.tlsConfig.verifyServer = True
    endpoint.transportCreate(TRANSPORTS[options.transport], transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()

    if options.listen:
        listen(endpoint, options.listen)
        endpoint.libDestroy()
        return

    if options.answer:
        answer(endpoint, trace, options)
        endpoint.libDestroy()
        return

    account = pj.Account()
    account.create(account_config(options))
    call = dial(account, options)
    result = talk(endpoint, call, options)
    wait(endpoint, options.stay)
    result.update(report(trace, call))
    result["transferred"] = call.transferred
    print(json.dumps(result))
    call.recorder = call.player = None
    del call
    del account
    endpoint.libDestroy()


def listen(endpoint, seconds):
    """As a peer that has just started and knows of no call."""
    print(json.dumps({"listening": True}), flush=True)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        endpoint.libHandleEvents(20)


class Answering(pj.Account):
    """Takes every call."""

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.calls = []

    def onIncomingCall(self, parameters):
        call = Call(self, self.options, parameters.callId)
        self.calls.append(call)
        if self.options.reliable:
            rings = pj.CallOpParam()
            rings.statusCode = 180
            call.answer(rings)
        accept = pj.CallOpParam()
        accept.statusCode = 200
        call.answer(accept)


def answer(endpoint, trace, options):
    account = Answering(options)
    account.create(account_config(options))
    print(json.dumps({"listening": True}), flush=True)
    wait(endpoint, options.answer)
    calls = account.calls + [call.replacement for call in account.calls if call.replacement]
    for call in calls:
        if call.ended is None:
            call.count()
    replacing = [m for m in trace.messages("RX", "INVITE ") if header("Replaces", m)]
    own = [m for m in trace.messages("TX", "INVITE ") if header("Replaces", m)]
    told = {
        "packets": [call.counts for call in calls],
        "replaced_by": len(replacing),
        "replaces": len(own),
        "pracks_received": len(trace.messages("RX", "PRACK ")),
    }
    print(json.dumps(told), flush=True)
    for call in calls:
        call.recorder = call.player = None
    account.calls = []


def wait(endpoint, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        endpoint.libHandleEvents(20)


def account_config(options):
    config = pj.AccountConfig()
    config.idUri = f"sip:{options.username}@{options.address}"
    credentials = pj.AuthCredInfo("digest", "*", options.username, 0, options.password)
    config.sipConfig.authCreds.append(credentials)
    config.mediaConfig.transportConfig.boundAddress = options.address
    config.mediaConfig.transportConfig.publicAddress = options.address
    if options.session_expires:
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS
        config.callConfig.timerSessExpiresSec = options.session_expires
        config.callConfig.timerMinSESec = options.min_se
    else:
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
    if options.srtp:
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        config.mediaConfig.srtpSecureSignaling = 0
        crypto = pj.SrtpCrypto()
        crypto.name = options.srtp
        config.mediaConfig.srtpOpt.cryptos.append(crypto)
    if options.reliable:
        config.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY
    return config


def dial(account, options):
    call = Call(account, options)
    parameters = pj.CallOpParam(True)
    if options.header:
        name, _, value = options.header.partition(":")
        header = pj.SipHeader()
        header.hName = name.strip()
        header.hValue = value.strip()
        parameters.txOption.headers.append(header)
    uri = options.uri
    call.makeCall(uri if options.transport == "udp" else f"{uri};transport={options.transport}", parameters)
    return call


def talk(endpoint, call, options):
    """Runs the library until the call is over, one way or the other."""
    give_up = time.monotonic() + 20
    pressed = False
    hung_up = False
    other = None
    joined = False
    while call.ended is None:
        endpoint.libHandleEvents(20)
        now = time.monotonic()
        if call.answered_at is None:
            if now > give_up:
                break
            continue
        if options.digits and not pressed and now > call.answered_at + 1:
            call.dialDtmf(options.digits)
            pressed = True
        if options.transfer and not joined and now > call.answered_at + 1:
            call.xfer(options.transfer, pj.CallOpParam(True))
            joined = True
        if options.consult and other is None and now > call.answered_at + 1:
            other = Call(call.account, options)
            other.makeCall(options.consult, pj.CallOpParam(True))
        if other is not None and not joined and other.answered_at and now > other.answered_at + 1:
            asked, taken = (call, other) if options.join == "here" else (other, call)
            asked.xferReplaces(taken, pj.CallOpParam(True))
            joined = True
        if not hung_up and now > call.answered_at + options.talk:
            call.count()
            call.hangup(pj.CallOpParam())
            hung_up = True
        if hung_up and now > call.answered_at + options.talk + 5:
            break
    if other is not None:
        call.transferred += other.transferred
        other.recorder = None
    return {"answered": call.answered_at is not None, "hung_up_here": hung_up, "ended": call.ended}


def report(trace, call):
    statuses = []
    for message in trace.messages("RX", "SIP/2.0 "):
        if re.search(r"^CSeq:\s*\d+ INVITE", message, re.M | re.I):
            statuses.append(int(message[8:11]))
    challenges = re.findall(r"^WWW-Authenticate:\s*(.*)$", "\n".join(trace.text), re.M | re.I)
    answers = re.findall(r"^Authorization:\s*(.*)$", "\n".join(trace.text), re.M | re.I)
    timers = [header("Session-Expires", message) for message in trace.messages("RX", "SIP/2.0 200")]
    # An INVITE with a tag in To, or any UPDATE, is inside the dialog: the refresh of RFC 4028 §7.4.
    sent = trace.messages("TX", "UPDATE ") + trace.messages("TX", "INVITE ")
    refreshes = [message for message in sent if "tag=" in header("To", message)]
    asked = trace.messages("RX", "UPDATE ") + trace.messages("RX", "INVITE ")
    return {
        "statuses": statuses,
        "challenged_with": [algorithm(line) for line in challenges],
        "signed_with": [algorithm(line) for line in answers],
        "session_expires": next((timer for timer in timers if timer), ""),
        "refreshes_sent": len(refreshes),
        "refreshes_received": len(asked),
        "pracks_sent": len(trace.messages("TX", "PRACK ")),
        "packets": call.counts,
    }


def header(name, message):
    found = re.search(rf"^{name}:\s*(.*)$", message, re.M | re.I)
    return found.group(1).strip() if found else ""


def algorithm(line):
    found = re.search(r'algorithm="?([A-Za-z0-9-]+)', line)
    return found.group(1) if found else "MD5"


if __name__ == "__main__":
    sys.exit(main())
