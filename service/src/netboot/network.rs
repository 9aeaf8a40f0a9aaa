//! The network's side of booting: who gives addresses, and from where machines fetch what they
//! boot.

use std::net::IpAddr;

use entity::netboot::ipxe_config::{ActiveModel, Column, DhcpMode, Entity, Model};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use super::{Netboot, boot_config::begins_well, line, machine, names, subnet::Subnet};
use crate::{Result, records::Record, text::invalid};

impl Record for Entity {
    type Domain = Netboot;

    const KIND: &'static str = "network configuration";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(Some(url)) = &row.http_boot_url {
            line::address("http_boot_url", url, &["http", "https"])?;
        }
        if let Set(Some(url)) = &row.chain_url {
            line::address("chain_url", url, &["http", "https", "tftp"])?;
        }
        if let Set(Some(bucket)) = &row.minio_bucket {
            line::word("minio_bucket", bucket)?;
        }
        if let Set(Some(script)) = &row.default_boot_script {
            begins_well("default_boot_script", script)?;
        }
        if let Set(servers) = &row.dns_servers {
            for address in names::settled("dns_servers", servers)? {
                machine::ip("dns_servers", address)?;
            }
        }
        addresses(row)
    }
}

/// The configuration that is in use, of several the first that was made.
pub(super) async fn in_use(db: &impl ConnectionTrait) -> Result<Option<Model>> {
    let active = Entity::find().filter(Column::IsActive.eq(true)).order_by_asc(Column::Id);
    Ok(active.one(db).await?)
}

/// Makes sure that the addresses of DHCP are some and lie in its network; whoever answers all of it
/// has a network and a range.
fn addresses(row: &ActiveModel) -> Result<()> {
    let subnet = match text(&row.dhcp_subnet) {
        Some(text) => Some(Subnet::read(text).ok_or_else(|| {
            invalid("dhcp_subnet", text, "it is not the address of a network and its length")
        })?),
        None => None,
    };
    let address = |column: &'static str, value: &ActiveValue<Option<String>>| {
        let Some(text) = text(value) else { return Ok(None) };
        let address: Result<IpAddr, _> = text.parse();
        let address =
            address.map_err(|_| invalid(column, text, "it is no address of IPv4 or IPv6"))?;
        match subnet {
            Some(subnet) if !subnet.contains(address) => {
                Err(invalid(column, text, "it does not lie in the network"))
            }
            _ => Ok(Some(address)),
        }
    };
    let first = address("dhcp_range_start", &row.dhcp_range_start)?;
    let last = address("dhcp_range_end", &row.dhcp_range_end)?;
    address("dhcp_gateway", &row.dhcp_gateway)?;
    let problem = match (first, last) {
        (Some(first), Some(last)) if first.is_ipv4() != last.is_ipv4() => {
            "it begins and ends in different networks"
        }
        (Some(first), Some(last)) if first > last => "it ends before it begins",
        (Some(_), None) | (None, Some(_)) => "it has a beginning and an end",
        _ if row.dhcp_mode.try_as_ref() != Some(&DhcpMode::Full) => return Ok(()),
        (Some(_), Some(_)) if subnet.is_some() => return Ok(()),
        _ => "whoever gives all addresses has a network and a range of it",
    };
    let range = [&row.dhcp_range_start, &row.dhcp_range_end].map(|end| text(end).unwrap_or("?"));
    Err(invalid("range of DHCP", &range.join(" to "), problem))
}

fn text(value: &ActiveValue<Option<String>>) -> Option<&str> {
    value.try_as_ref().and_then(Option::as_deref)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> ActiveValue<Option<String>> {
        Set(Some(text.to_owned()))
    }

    /// One that gives all addresses.
    fn full() -> ActiveModel {
        ActiveModel {
            dhcp_mode: Set(DhcpMode::Full),
            dhcp_subnet: text("192.0.2.0/24"),
            dhcp_range_start: text("192.0.2.100"),
            dhcp_range_end: text("192.0.2.200"),
            dhcp_gateway: text("192.0.2.1"),
            dns_servers: Set(json!(["192.0.2.1", "2001:db8::53"])),
            http_boot_url: text("http://boot.example.org/"),
            chain_url: text("tftp://boot.example.org/ipxe.efi"),
            default_boot_script: text("#!ipxe\nexit\n"),
            ..Default::default()
        }
    }

    #[test]
    fn the_addresses_of_a_network_lie_in_it() {
        let none = || Set(None);
        for mut good in [
            full(),
            ActiveModel { dhcp_gateway: none(), ..full() },
            ActiveModel { dhcp_range_end: text("192.0.2.100"), ..full() },
            ActiveModel { dhcp_mode: Set(DhcpMode::Proxy), dhcp_subnet: none(), ..full() },
            ActiveModel::default(),
        ] {
            assert!(Entity::settle(&mut good).is_ok(), "{good:?}");
        }
        for mut wrong in [
            ActiveModel { dhcp_subnet: none(), ..full() },
            ActiveModel { dhcp_subnet: text("192.0.2.0"), ..full() },
            ActiveModel { dhcp_subnet: text("192.0.3.0/24"), ..full() },
            ActiveModel { dhcp_range_start: none(), ..full() },
            ActiveModel { dhcp_range_end: none(), ..full() },
            ActiveModel { dhcp_range_start: none(), dhcp_range_end: none(), ..full() },
            ActiveModel { dhcp_range_start: text("192.0.2.201"), ..full() },
            ActiveModel { dhcp_range_end: text("192.0.2.1000"), ..full() },
            ActiveModel { dhcp_range_end: text("2001:db8::1"), dhcp_subnet: none(), ..full() },
            ActiveModel { dhcp_gateway: text("192.0.3.1"), ..full() },
            ActiveModel { dhcp_gateway: text("gateway"), ..full() },
            ActiveModel { dns_servers: Set(json!(["dns"])), ..full() },
            ActiveModel { dns_servers: Set(json!("192.0.2.1")), ..full() },
        ] {
            assert!(Entity::settle(&mut wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_machines_are_sent_to_is_an_address_or_a_script() {
        for mut wrong in [
            ActiveModel { http_boot_url: text("boot"), ..full() },
            ActiveModel { http_boot_url: text("tftp://boot"), ..full() },
            ActiveModel { chain_url: text("http://boot/a\nshell"), ..full() },
            ActiveModel { minio_bucket: text("a b"), ..full() },
            ActiveModel { default_boot_script: text("exit"), ..full() },
        ] {
            assert!(Entity::settle(&mut wrong).is_err(), "{wrong:?}");
        }
    }
}
