"""Where notices may go: this machine, and hosts that the operator names."""

from __future__ import annotations

import pytest

from api.airspace.dss_door import base_url
from api.airspace.notices import may_be_told
from spatial.errors import BadParameter, ConfigError
from spatial.settings import Settings

HOSTS = Settings(uss_hosts="uss.example.org, Two.Example:8443").told_hosts


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9000/x",
        "http://127.0.0.1",
        "https://uss.example.org/base",
        "https://uss.example.org:443",
        "https://USS.example.org",
        "https://two.example:8443",
    ],
)
def test_this_machine_and_named_hosts_are_told(url):
    assert may_be_told(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://uss.example.org",
        "https://two.example",
        "https://uss.example.org:8443",
        "https://uss.example.org.evil.example",
        "https://evil.example/uss.example.org",
        "https://uss.example.org@evil.example",
        "https://evil.example#@uss.example.org",
        "http://user@localhost",
        "http://169.254.169.254/latest",
        "https://10.0.0.1",
        "http://0x7f000001",
        "file://localhost/secret",
        "ftp://localhost",
        "https://uss.example.org:99999",
        "https://[bad",
        "",
    ],
)
def test_nobody_else_is(url):
    assert not may_be_told(url, HOSTS)
    assert not may_be_told("https://uss.example.org", frozenset())


@pytest.mark.parametrize(
    "hosts", ["https://uss.example.org", "10.0.0.1", "*", "a b.example", "x/y"]
)
def test_what_is_no_host_stops_the_start(hosts):
    with pytest.raises(ConfigError, match="SIGANG_USS_HOSTS"):
        Settings(uss_hosts=hosts)


@pytest.mark.parametrize(
    "url", ["https://[", "https://[::1", "ftp://uss.example.org", "https:///x"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(BadParameter):
        base_url(url, "/uss_base_url")
