from ipaddress import ip_address

import pytest

from vivavoce.errors import ConfigError
from vivavoce.tools.network_policy import NetworkPolicy, literal_address, make_policy

PUBLIC = ("93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")
NOT_PUBLIC = {
    "127.0.0.1": "loopback",
    "127.8.9.10": "all of 127/8 is loopback",
    "::1": "loopback",
    "0.0.0.0": "this machine, on Linux",
    "::": "this machine",
    "10.1.2.3": "private",
    "172.16.0.1": "private",
    "192.168.1.1": "private",
    "fd00::1": "private",
    "169.254.169.254": "a cloud's metadata",
    "fd00:ec2::254": "a cloud's metadata",
    "fe80::1": "link-local",
    "fec0::1": "site-local",
    "100.64.0.1": "carrier-grade NAT",
    "100.100.100.200": "a cloud's metadata, in the same network",
    "192.0.0.192": "a cloud's metadata",
    "198.18.0.1": "benchmarks",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "203.0.113.7": "documentation",
    "2001:db8::1": "documentation",
    "::ffff:127.0.0.1": "loopback, mapped",
    "::ffff:10.0.0.1": "private, mapped",
    "::ffff:169.254.169.254": "metadata, mapped",
    "::127.0.0.1": "loopback, compatible",
    "64:ff9b::7f00:1": "loopback, through NAT64",
    "64:ff9b::a9fe:a9fe": "metadata, through NAT64",
    "64:ff9b:1::1": "local NAT64",
    "2002:7f00:1::": "loopback, through 6to4",
    "2002:a00:1::": "private, through 6to4",
    "2001:0:7f00:1::f5ff:fffe": "private, through Teredo",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_reached(text: str) -> None:
    assert NetworkPolicy().allows_address(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC, ids=[f"{t}, {w}" for t, w in NOT_PUBLIC.items()])
def test_others_may_not(text: str) -> None:
    assert not NetworkPolicy().allows_address(ip_address(text))


def test_the_operator_allows_networks_addresses_and_hosts() -> None:
    policy = make_policy(
        ("10.0.0.0/8", "192.168.1.7", "fd00::/8", "Mcp.Internal."),
        allows_http=False,
    )

    assert policy.allows_address(ip_address("10.20.30.40"))
    assert policy.allows_address(ip_address("::ffff:10.20.30.40"))
    assert policy.allows_address(ip_address("192.168.1.7"))
    assert policy.allows_address(ip_address("fd12::1"))
    assert not policy.allows_address(ip_address("192.168.1.8"))
    assert policy.allows_host("mcp.internal")
    assert policy.allows_host("MCP.internal.")
    assert not policy.allows_host("other.internal")


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "", "10.0.0.0/99", "a/b"])
def test_what_is_neither_host_nor_network_is_an_error_of_the_configuration(entry: str) -> None:
    with pytest.raises(ConfigError, match="no host, address or network"):
        make_policy((entry,), allows_http=False)


def test_a_host_is_an_address_or_a_name() -> None:
    assert literal_address("[::1]") == ip_address("::1")
    assert literal_address("fe80::1%eth0") == ip_address("fe80::1")
    assert literal_address("mcp.example.com") is None
    assert literal_address("127.1") is None
