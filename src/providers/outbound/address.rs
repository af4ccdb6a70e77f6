//! Which IP addresses lie on the public Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for an address that anyone on the Internet may reach. Private, shared, link-local, loopback,
/// documentation, benchmarking, multicast and reserved ranges are not global (IANA special-purpose
/// registries, RFC 6890), and neither is a v6 address that carries such a v4 address inside.
pub fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

fn is_global_v4(ip: Ipv4Addr) -> bool {
    !matches!(
        ip.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

fn is_global_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        // v4-mapped (RFC 4291 section 2.5.5.2) and the well-known NAT64 prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] => is_global_v4(inner(a, b)),
        // 6to4 (RFC 3056).
        [0x2002, a, b, ..] => is_global_v4(inner(a, b)),
        // Teredo (RFC 4380): the client's address is stored inverted, the server's as it is.
        [0x2001, 0, a, b, _, _, c, d] => is_global_v4(inner(a, b)) && is_global_v4(inner(!c, !d)),
        // Benchmarking, ORCHID, documentation (RFC 5180, 4843, 7343, 3849, 9637).
        [0x2001, 2, 0, ..] | [0x2001, 0x10..=0x2f, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Everything else that is global lies in 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn inner(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

/// True for this machine: 127/8, ::1, and the former written as v6.
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_global() {
        let global = [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
        ];
        let not_global = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::1",
            "2002:c0a8:101::1",
            "2001:0:7f00:1:8000:63bf:f7f7:f7f7",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "100::1",
            "2001:db8::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ];
        for (addresses, expected) in [(&global[..], true), (&not_global[..], false)] {
            for address in addresses {
                assert_eq!(is_global(address.parse().unwrap()), expected, "{address}");
            }
        }
    }
}
