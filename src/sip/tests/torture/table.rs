//! What RFC 4475 and RFC 5118 ask for each of their messages, in our words, and what we answer. PURE.

use super::{Outcome::*, torture};

torture! {
    // RFC 4475 §3.1.1: valid, however odd.
    wsinv "rfc4475/valid/wsinv.dat" Status(481),
        "§3.1.1.1: folded lines, white space everywhere, compact names, lists over commas are read; the To has a tag, of \
         a dialog we do not have";
    intmeth "rfc4475/valid/intmeth.dat" Status(501),
        "§3.1.1.2: every character the grammar allows; the method is well formed and unknown";
    esc01 "rfc4475/valid/esc01.dat" Call,
        "§3.1.1.3: escapes in URIs are resolved only where they mean something: the user is not in another domain";
    escnull "rfc4475/valid/escnull.dat" Status(405),
        "§3.1.1.4: an escaped NUL in a user part is part of it; a REGISTER, which we do not take";
    esc02 "rfc4475/valid/esc02.dat" Status(501),
        "§3.1.1.5: escapes are no escapes in methods: RE%47IST%45R is unknown, not REGISTER";
    lwsdisp "rfc4475/valid/lwsdisp.dat" Status(200),
        "§3.1.1.6: no space between a display name and its angle bracket";
    longreq "rfc4475/valid/longreq.dat" Call,
        "§3.1.1.7: long values of every kind";
    dblreq "rfc4475/valid/dblreq.dat" Status(405),
        "§3.1.1.8: a datagram ends its message where Content-Length says: the INVITE behind the REGISTER is not there";
    semiuri "rfc4475/valid/semiuri.dat" Status(200),
        "§3.1.1.9: a semicolon in the user part of the Request-URI belongs to the user";
    transports "rfc4475/valid/transports.dat" Status(200),
        "§3.1.1.10: Via values of unknown transports are copied";
    mpart01 "rfc4475/valid/mpart01.dat" Status(405),
        "§3.1.1.11: a multipart body with binary parts; a MESSAGE, which we do not take";
    unreason "rfc4475/valid/unreason.dat" Dropped,
        "§3.1.1.12: any UTF-8 as the reason phrase; nobody waits for this response";
    noreason "rfc4475/valid/noreason.dat" Dropped,
        "§3.1.1.13: an empty reason phrase; nobody waits for this response";

    // §3.1.2: invalid syntax.
    badinv01 "rfc4475/invalid/badinv01.dat" Status(400),
        "§3.1.2.1: separators without values in Via and Contact: 400";
    clerr "rfc4475/invalid/clerr.dat" Status(400),
        "§3.1.2.2: Content-Length beyond the datagram: 400";
    ncl "rfc4475/invalid/ncl.dat" Status(400),
        "§3.1.2.3: a negative Content-Length: 400";
    scalar02 "rfc4475/invalid/scalar02.dat" Status(400),
        "§3.1.2.4: numbers beyond their range: 400";
    scalarlg "rfc4475/invalid/scalarlg.dat" Dropped,
        "§3.1.2.5: a response with numbers beyond their range: discarded";
    quotbal "rfc4475/invalid/quotbal.dat" Status(400),
        "§3.1.2.6: a quote without its end: 400";
    ltgtruri "rfc4475/invalid/ltgtruri.dat" Status(400),
        "§3.1.2.7: a Request-URI in angle brackets: 400";
    lwsruri "rfc4475/invalid/lwsruri.dat" Status(400),
        "§3.1.2.8: white space in the Request-URI: 400";
    lwsstart "rfc4475/invalid/lwsstart.dat" Status(400),
        "§3.1.2.9: several spaces between the parts of the request line: 400";
    trws "rfc4475/invalid/trws.dat" Status(400),
        "§3.1.2.10: spaces at the end of the request line: 400";
    escruri "rfc4475/invalid/escruri.dat" Call,
        "§3.1.2.11: URI headers in the Request-URI: 400, or a liberal element ignores them, as we do";
    baddate "rfc4475/invalid/baddate.dat" Call,
        "§3.1.2.12: a Date that is not in GMT: nobody needs it, so it is ignored";
    regbadct "rfc4475/invalid/regbadct.dat" Status(405),
        "§3.1.2.13: Contact with `?` outside of angle brackets: 400, were it not a REGISTER, which we do not take";
    badaspec "rfc4475/invalid/badaspec.dat" Status(200),
        "§3.1.2.14: spaces within angle brackets: 400, or a liberal element leaves them out, as we do";
    baddn "rfc4475/invalid/baddn.dat" Status(400),
        "§3.1.2.15: an unquoted comma in a display name: 400, or read all the same; here the head lacks its end, too";
    badvers "rfc4475/invalid/badvers.dat" Status(505),
        "§3.1.2.16: SIP/7.0: 505";
    mismatch01 "rfc4475/invalid/mismatch01.dat" Status(400),
        "§3.1.2.17: another method in CSeq: 400";
    mismatch02 "rfc4475/invalid/mismatch02.dat" Status(501),
        "§3.1.2.18: an unknown method and another in CSeq: 501 rather than 400";
    bigcode "rfc4475/invalid/bigcode.dat" Dropped,
        "§3.1.2.19: a status code of ten digits: discarded";

    // §3.2: transactions.
    badbranch "rfc4475/invalid/badbranch.dat" Status(200),
        "§3.2.1: a branch that is nothing but the magic cookie: taken as RFC 2543 would";

    // §3.3: what the application must notice.
    insuf "rfc4475/invalid/insuf.dat" Status(400),
        "§3.3.1: required header fields are missing: 400";
    unkscm "rfc4475/invalid/unkscm.dat" Status(416),
        "§3.3.2: an unknown scheme in the Request-URI: 416";
    novelsc "rfc4475/invalid/novelsc.dat" Status(416),
        "§3.3.3: a scheme with dots and slashes, unknown: 416";
    unksm2 "rfc4475/invalid/unksm2.dat" Status(405),
        "§3.3.4: unknown schemes in From, To and Contact do no harm; a REGISTER, which we do not take";
    bext01 "rfc4475/invalid/bext01.dat" Status(420),
        "§3.3.5: unknown extensions required: 420, and Unsupported names them";
    invut "rfc4475/invalid/invut.dat" Status(415),
        "§3.3.6: a body of unknown type: 415, and Accept says what we take";
    regaut01 "rfc4475/invalid/regaut01.dat" Status(405),
        "§3.3.7: an unknown authorization scheme counts as none; a REGISTER, which we do not take";
    multi01 "rfc4475/invalid/multi01.dat" Status(400),
        "§3.3.8: header fields twice that may stand once: 400";
    mcl01 "rfc4475/invalid/mcl01.dat" Status(400),
        "§3.3.9: two Content-Length values that differ: 400";
    bcast "rfc4475/invalid/bcast.dat" Dropped,
        "§3.3.10: a response with a second Via, to the broadcast address: discarded";
    zeromf "rfc4475/invalid/zeromf.dat" Status(200),
        "§3.3.11: Max-Forwards 0 at the one it is meant for: processed";
    cparam01 "rfc4475/invalid/cparam01.dat" Status(405),
        "§3.3.12: an unknown parameter of Contact; a REGISTER, which we do not take";
    cparam02 "rfc4475/invalid/cparam02.dat" Status(405),
        "§3.3.13: an unknown parameter of Contact's URI; a REGISTER, which we do not take";
    regescrt "rfc4475/invalid/regescrt.dat" Status(405),
        "§3.3.14: a Contact whose URI has a Route header; a REGISTER, which we do not take";
    sdp01 "rfc4475/invalid/sdp01.dat" Status(406),
        "§3.3.15: an INVITE whose answer must not be SDP: 406";

    // §3.4: RFC 2543.
    inv2543 "rfc4475/invalid/inv2543.dat" Call,
        "§3.4.1: an INVITE of RFC 2543, without branch, tag, Max-Forwards and Contact: taken";

    // RFC 5118: IPv6.
    ipv6_good "rfc5118/4.1_ipv6-good.dat" Status(405),
        "RFC 5118 §4.1: IPv6 references well written; a REGISTER, which we do not take";
    ipv6_bad "rfc5118/4.2_ipv6-bad.dat" Status(400),
        "RFC 5118 §4.2: an IPv6 address without brackets in the Request-URI: 400";
    port_ambiguous "rfc5118/4.3_port-ambiguous.dat" Status(405),
        "RFC 5118 §4.3: what looks like a port is part of the address; legal";
    port_unambiguous "rfc5118/4.4_port-unambiguous.dat" Status(405),
        "RFC 5118 §4.4: a port behind the brackets";
    received_without_brackets "rfc5118/4.5_via-received-param-no-delim.dat" Status(200),
        "RFC 5118 §4.5: an IPv6 address as `received`, as the grammar has it";
    received_with_brackets "rfc5118/4.5_via-received-param-with-delim.dat" Status(481),
        "RFC 5118 §4.5: the same in brackets must be read, too; a BYE without dialog";
    ipv6_in_sdp "rfc5118/4.6_ipv6-in-sdp.dat" Call,
        "RFC 5118 §4.6: IPv6 in the session description stands without brackets";
    several_addresses_in_headers "rfc5118/4.7_mult-ip-in-header.dat" Status(481),
        "RFC 5118 §4.7: IPv4 and IPv6 in the Via values of one message; a BYE without dialog";
    several_addresses_in_sdp "rfc5118/4.8_mult-ip-in-sdp.dat" Call,
        "RFC 5118 §4.8: IPv4 and IPv6 in one session description";
    ipv4_mapped "rfc5118/4.9_ipv4-mapped-ipv6.dat" Call,
        "RFC 5118 §4.9: IPv4-mapped addresses in Via, Contact and session description";
    two_colons "rfc5118/4.10_ipv6-correct-abnf-2-colons.dat" Status(200),
        "RFC 5118 §4.10: an IPv4 address within IPv6, rightly written";
    three_colons "rfc5118/4.10_ipv6-bug-abnf-3-colons.dat" Status(200),
        "RFC 5118 §4.10: three colons, an error of RFC 3261's grammar, may be tolerated";
}
