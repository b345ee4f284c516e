"""A PJSUA2 telephone operated by lines: commands on standard input, one event a line on standard output.

Options (key=value): port, rtp; timer=SECONDS asks for session timers (RFC 4028); 100rel=1 requires RFC 3262;
answer=auto|manual (how incoming calls are taken, auto by default); proxy=URI of an outbound proxy;
registrar=URI; user=NAME password=TEXT, its answer to challenges; address=IP of loopback, of either family; transport=udp|tcp: the only one it uses
for what it sends, needed with IPv6; certificate, key, trusted: files in PEM, with which it speaks TLS alone, and each
side must show a certificate that the other trusts; tls=1 opens a TLS transport, too, that trusts everybody;
srtp=optional|mandatory encrypts, over UDP unless tls=1; echo=1 gives back what it hears;
codec=PCMA|PCMU|G722|… is the only one offered; ptime=MS, the length of its packets; public=IP, what it tells others to
send audio to; events=no offers no telephone-event; play, record: WAV files, what is said and what was heard, of all calls.
Commands, N being the number of a call in the order they began, from 0:
call URI · late URI (without offer) · answer N STATUS · hold N · resume N · late_reinvite N · update N · xfer N URI ·
close (the recording of all calls) · replaces N M · dtmf N KEYS (RFC 4733) · info N KEYS · stat N · hangup N · register · quit ·
record N FILE (16-bit WAV of 16 kHz, what it hears) · play N FILE (16-bit mono WAV: from now on said into the call, then silence)
"""

import os
import select
import sys

import pjsua2 as pj

options = dict(argument.split("=", 1) for argument in sys.argv[1:])
port = int(options["port"])
address = options.get("address", "127.0.0.1")
six = ":" in address
host = f"[{address}]" if six else address
calls = []
# Players and recorders work as long as they live: by number of the call.
players = {}
recorders = {}


def say(*words):
    print(*words, flush=True)


def parameters(status=0):
    parameter = pj.CallOpParam(True)
    if status:
        parameter.statusCode = status
    return parameter


def without_events(description):
    kept, types = [], []
    for line in description.splitlines():
        if line.startswith("a=rtpmap:") and "telephone-event" in line:
            types.append(line[len("a=rtpmap:"):].split()[0])
        else:
            kept.append(line)
    kept = [line for line in kept if not any(line.startswith(f"a=fmtp:{number} ") for number in types)]
    media = [
        " ".join(word for word in line.split(" ") if word not in types) if line.startswith("m=audio") else line
        for line in kept
    ]
    return "\r\n".join(media) + "\r\n"


class Call(pj.Call):
    def __init__(self, account, identifier=pj.PJSUA_INVALID_ID):
        super().__init__(account, identifier)
        self.number = len(calls)
        calls.append(self)

    def onCallState(self, _):
        info = self.getInfo()
        say("state", self.number, info.stateText, info.lastStatusCode)

    def onCallMediaState(self, _):
        # Its list does not outlive it.
        info = self.getInfo()
        for media in info.media:
            say("media", self.number, media.status, "direction", media.dir)
            if media.status != pj.PJSUA_CALL_MEDIA_ACTIVE:
                continue
            audio = self.getAudioMedia(media.index)
            if options.get("echo") == "1":
                audio.startTransmit(audio)
            if said:
                said.startTransmit(audio)
            if heard:
                audio.startTransmit(heard)

    def onCallSdpCreated(self, parameter):
        if options.get("events") == "no":
            parameter.sdp.wholeSdp = without_events(parameter.sdp.wholeSdp)

    def onCallTsxState(self, parameter):
        transaction = parameter.e.body.tsxState.tsx
        say("transaction", self.number, transaction.method, "role", transaction.role, transaction.state, transaction.statusCode)

    def onCallTransferStatus(self, parameter):
        say("transfer", self.number, parameter.statusCode, "final" if parameter.finalNotify else "going on")

    def onCallTransferRequest(self, parameter):
        say("refer", self.number, parameter.dstUri)
        parameter.newCall = Call(account)

    def onCallReplaceRequest(self, parameter):
        say("replace request", self.number)

    def onCallReplaced(self, parameter):
        fresh = Call(account, parameter.newCallId)
        parameter.newCall = fresh
        say("replaced", self.number, "by", fresh.number)


class Account(pj.Account):
    def onIncomingCall(self, parameter):
        call = Call(self, parameter.callId)
        say("incoming", call.number)
        if options.get("answer", "auto") == "auto":
            call.answer(parameters(200))

    def onRegState(self, parameter):
        say("registration", parameter.code)


endpoint = pj.Endpoint()
endpoint.libCreate()
configuration = pj.EpConfig()
configuration.logConfig.level = int(options.get("log", "0"))
configuration.uaConfig.threadCnt = 0
configuration.uaConfig.mainThreadOnly = True
# Silence is sent, too, as most telephones do.
configuration.medConfig.noVad = True
configuration.medConfig.clockRate = 16000
endpoint.libInit(configuration)
transport = pj.TransportConfig()
transport.port = port
transport.boundAddress = address
secure = "certificate" in options
if secure:
    transport.tlsConfig.certFile = options["certificate"]
    transport.tlsConfig.privKeyFile = options["key"]
    transport.tlsConfig.CaListFile = options["trusted"]
    transport.tlsConfig.verifyServer = True
    transport.tlsConfig.verifyClient = True
    transport.tlsConfig.requireClientCert = True
    kinds = {"tls": pj.PJSIP_TRANSPORT_TLS}
elif six:
    kinds = {"udp": pj.PJSIP_TRANSPORT_UDP6, "tcp": pj.PJSIP_TRANSPORT_TCP6}
else:
    kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP}
transports = {name: endpoint.transportCreate(kind, transport) for name, kind in kinds.items()}
if options.get("tls") == "1":
    trusting = pj.TransportConfig()
    trusting.boundAddress = address
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS, trusting)
endpoint.libStart()
endpoint.audDevManager().setNullDev()

if "codec" in options:
    for codec in endpoint.codecEnum2():
        chosen = codec.codecId.startswith(options["codec"] + "/")
        endpoint.codecSetPriority(codec.codecId, 255 if chosen else 0)
        if chosen and "ptime" in options:
            setting = endpoint.codecGetParam(codec.codecId)
            # Of 10 ms in G.711 and G.722 both.
            setting.setting.frmPerPkt = int(options["ptime"]) // setting.info.frameLen
            endpoint.codecSetParam(codec.codecId, setting)

said = heard = None
if "play" in options:
    said = pj.AudioMediaPlayer()
    said.createPlayer(options["play"])
if "record" in options:
    heard = pj.AudioMediaRecorder()
    heard.createRecorder(options["record"])
account = Account()
settings = pj.AccountConfig()
user = options.get("user", "pjsua")
settings.idUri = f"sip:{user}@{host}:{port}" + (";transport=tls" if secure else "")
# The module is built without IPv6 for media, for choosing a transport and for its Contact.
settings.mediaConfig.transportConfig.boundAddress = "127.0.0.1" if six else address
if six:
    settings.sipConfig.contactForced = f"<sip:{user}@{host}:{port};transport={options['transport']}>"
if "transport" in options:
    settings.sipConfig.transportId = transports[options["transport"]]
settings.mediaConfig.transportConfig.port = int(options["rtp"])
if "public" in options:
    settings.mediaConfig.transportConfig.publicAddress = options["public"]
if "timer" in options:
    settings.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS
    settings.callConfig.timerSessExpiresSec = int(options["timer"])
    settings.callConfig.timerMinSESec = 90
if options.get("100rel") == "1":
    settings.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY
if "srtp" in options:
    settings.mediaConfig.srtpUse = {
        "optional": pj.PJMEDIA_SRTP_OPTIONAL,
        "mandatory": pj.PJMEDIA_SRTP_MANDATORY,
    }[options["srtp"]]
    settings.mediaConfig.srtpSecureSignaling = 1 if options.get("tls") == "1" else 0
if "proxy" in options:
    settings.sipConfig.proxies.append(options["proxy"])
if "registrar" in options:
    domain = options["registrar"].split(":")[1]
    settings.idUri = f"sip:{user}@{domain}"
    settings.regConfig.registrarUri = options["registrar"]
if "password" in options:
    settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, options["password"]))
account.create(settings)
say("ready")


def obey(words):
    global heard
    command, rest = words[0], words[1:]
    if command == "call":
        Call(account).makeCall(rest[0], parameters())
    elif command == "late":
        parameter = parameters()
        parameter.opt.flag = pj.PJSUA_CALL_NO_SDP_OFFER
        Call(account).makeCall(rest[0], parameter)
    elif command == "late_reinvite":
        parameter = parameters()
        parameter.opt.flag = pj.PJSUA_CALL_NO_SDP_OFFER
        calls[int(rest[0])].reinvite(parameter)
    elif command == "info":
        parameter = pj.CallSendDtmfParam()
        parameter.method = pj.PJSUA_DTMF_METHOD_SIP_INFO
        parameter.digits = rest[1]
        calls[int(rest[0])].sendDtmf(parameter)
    elif command == "answer":
        calls[int(rest[0])].answer(parameters(int(rest[1])))
    elif command == "hold":
        calls[int(rest[0])].setHold(parameters())
    elif command == "resume":
        parameter = parameters()
        parameter.opt.flag = pj.PJSUA_CALL_UNHOLD
        calls[int(rest[0])].reinvite(parameter)
    elif command == "update":
        calls[int(rest[0])].update(parameters())
    elif command == "xfer":
        calls[int(rest[0])].xfer(rest[1], parameters())
    elif command == "replaces":
        calls[int(rest[0])].xferReplaces(calls[int(rest[1])], parameters())
    elif command == "dtmf":
        calls[int(rest[0])].dialDtmf(rest[1])
    elif command == "record":
        recorder = pj.AudioMediaRecorder()
        recorder.createRecorder(rest[1])
        calls[int(rest[0])].getAudioMedia(-1).startTransmit(recorder)
        recorders[rest[0]] = recorder
    elif command == "play":
        player = pj.AudioMediaPlayer()
        player.createPlayer(rest[1], pj.PJMEDIA_FILE_NO_LOOP)
        player.startTransmit(calls[int(rest[0])].getAudioMedia(-1))
        # The one before ends here.
        players[rest[0]] = player
    elif command == "stat":
        say("received", rest[0], calls[int(rest[0])].getStreamStat(0).rtcp.rxStat.pkt)
    elif command == "hangup":
        calls[int(rest[0])].hangup(parameters())
    elif command == "close":
        heard = None
        say("closed")
    elif command == "quit":
        # libDestroy asserts while Call objects live.
        os._exit(0)
    else:
        say("unknown command", command)


pending = b""
while True:
    endpoint.libHandleEvents(10)
    while select.select([0], [], [], 0)[0]:
        read = os.read(0, 4096)
        if not read:
            os._exit(0)
        pending += read
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            try:
                obey(line.decode().split())
            except pj.Error as error:
                say("error", line.decode(), error.info().replace("\n", " "))
