"""A PJSUA2 telephone operated by lines: commands on standard input, one event a line on standard output.

Options (key=value): port, rtp; timer=SECONDS asks for session timers (RFC 4028); 100rel=1 requires RFC 3262;
answer=auto|manual (how incoming calls are taken, auto by default); proxy=URI of an outbound proxy;
registrar=URI user=NAME password=TEXT; tls=1 opens a TLS transport, too; srtp=optional|mandatory encrypts, over UDP
unless tls=1; echo=1 gives back what it hears.
Commands, N being the number of a call in the order they began, from 0:
call URI · answer N STATUS · hold N · resume N · update N · xfer N URI · replaces N M · hangup N · register · quit
"""

import os
import select
import sys

import pjsua2 as pj

options = dict(argument.split("=", 1) for argument in sys.argv[1:])
port = int(options["port"])
calls = []


def say(*words):
    print(*words, flush=True)


def parameters(status=0):
    parameter = pj.CallOpParam(True)
    if status:
        parameter.statusCode = status
    return parameter


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
            if options.get("echo") == "1" and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                audio = self.getAudioMedia(media.index)
                audio.startTransmit(audio)

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
endpoint.libInit(configuration)
transport = pj.TransportConfig()
transport.port = port
transport.boundAddress = "127.0.0.1"
endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
endpoint.transportCreate(pj.PJSIP_TRANSPORT_TCP, transport)
if options.get("tls") == "1":
    secure = pj.TransportConfig()
    secure.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS, secure)
endpoint.libStart()
endpoint.audDevManager().setNullDev()

account = Account()
settings = pj.AccountConfig()
user = options.get("user", "pjsua")
settings.idUri = f"sip:{user}@127.0.0.1:{port}"
settings.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
settings.mediaConfig.transportConfig.port = int(options["rtp"])
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
    host = options["registrar"].split(":")[1]
    settings.idUri = f"sip:{user}@{host}"
    settings.regConfig.registrarUri = options["registrar"]
    settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, options["password"]))
account.create(settings)
say("ready")


def obey(words):
    command, rest = words[0], words[1:]
    if command == "call":
        Call(account).makeCall(rest[0], parameters())
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
    elif command == "hangup":
        calls[int(rest[0])].hangup(parameters())
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
