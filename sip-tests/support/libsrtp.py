"""libsrtp operated by lines: `protect|unprotect rtp|rtcp HEX` on standard input, `result HEX` or `refused` on standard
output. Arguments: the suite as SDP names it, master key and salt in hexadecimal."""

import sys

import pylibsrtp

profiles = {
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


def session(direction):
    policy = pylibsrtp.Policy(
        key=bytes.fromhex(sys.argv[2]), ssrc_type=direction, srtp_profile=profiles[sys.argv[1]]
    )
    return pylibsrtp.Session(policy=policy)


sending = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
receiving = session(pylibsrtp.Policy.SSRC_ANY_INBOUND)
functions = {
    ("protect", "rtp"): sending.protect,
    ("protect", "rtcp"): sending.protect_rtcp,
    ("unprotect", "rtp"): receiving.unprotect,
    ("unprotect", "rtcp"): receiving.unprotect_rtcp,
}
print("ready", flush=True)
for line in sys.stdin:
    direction, kind, text = line.split()
    try:
        print("result", functions[direction, kind](bytes.fromhex(text)).hex(), flush=True)
    except pylibsrtp.Error:
        print("refused", flush=True)
