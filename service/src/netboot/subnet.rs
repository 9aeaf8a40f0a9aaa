//! Networks by their address and the length of their prefix: `192.0.2.0/24`.

use std::net::IpAddr;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    /// How many bits an address has.
    width: u32,
    /// The address of the network.
    network: u128,
    /// The bits that are alike in all of its addresses.
    mask: u128,
}

impl Subnet {
    /// The network of that text; nothing for a text that is none, or has bits behind its prefix.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (width, network) = number(address.parse().ok()?);
        if length.is_empty() || !length.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let behind = width.checked_sub(length.parse().ok()?)?;
        let mask = u128::MAX.checked_shl(behind).unwrap_or(0);
        (network & !mask == 0).then_some(Self { width, network, mask })
    }

    /// Whether the address lies in the network.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        let (width, number) = number(address);
        width == self.width && number & self.mask == self.network
    }
}

/// How many bits the address has, and the number that they are.
fn number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(address) => (32, u32::from(address).into()),
        IpAddr::V6(address) => (128, address.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_the_network_whose_prefix_it_has() {
        for (network, address, is_in) in [
            ("192.0.2.0/24", "192.0.2.0", true),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/25", "192.0.2.128", false),
            ("192.0.2.7/32", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.6", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::", false),
            ("::/0", "ffff::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8::1/128", "2001:db8::1", true),
        ] {
            let network = Subnet::read(network).unwrap();

            assert_eq!(network.contains(address.parse().unwrap()), is_in, "{network:?} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_not_read() {
        for wrong in [
            "",
            "192.0.2.0",
            "192.0.2.0/",
            "/24",
            "192.0.2.0/33",
            "192.0.2.1/24",
            "192.0.2.0/-1",
            "192.0.2.0/+24",
            "192.0.2.0/ 24",
            "192.0.2/24",
            "2001:db8::/129",
            "2001:db8::1/64",
            "192.0.2.0/255.255.255.0",
            "192.0.2.0/24/8",
            "192.0.2.0/99999999999",
        ] {
            assert_eq!(Subnet::read(wrong), None, "{wrong}");
        }
    }
}
